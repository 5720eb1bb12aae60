//! Every statement of the alert path, and how values look in its columns.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, Row, Transaction, params};

use nabat_core::alert::Fingerprint;
use nabat_core::card::{Card, CardId, Told};
use nabat_core::change::{Change, Offset, Snapshot};
use nabat_core::chat::{Admits, BotId, Chat, ChatKey, Disabled, Invite, Person, PersonId, Role};
use nabat_core::delivery::{Delivery, DeliveryId};
use nabat_core::destination::Destination;
use nabat_core::incident::{Ending, Expiry, Incident, IncidentId, State};
use nabat_core::message::words::Language;
use nabat_core::subscription::{Selector, Subscription, SubscriptionId};
use nabat_core::time::Timestamp;

use super::reader::Reader;
use super::{StoreError, bots, failed, given, history, incidents, monitors, silences, tokens};

/// Applies one change within a transaction.
pub(super) fn apply(tx: &Transaction<'_>, change: &Change) -> Result<(), StoreError> {
    let Change::Incident(incident) = change else {
        return apply_plain(tx, change)
            .map(|_| ())
            .map_err(failed("store a change"));
    };
    match put_incident(tx, incident).map_err(failed("store an incident"))? {
        1 => Ok(()),
        _ => Err(StoreError::Stale {
            incident: incident.id,
        }),
    }
}

fn put_incident(tx: &Transaction<'_>, incident: &Incident) -> rusqlite::Result<usize> {
    let (state, ended_at, ending) = match incident.state {
        State::Firing => ("firing", None, None),
        State::Stale => ("stale", None, None),
        State::Ended { at, how } => ("ended", Some(at.as_millis()), Some(ending_text(how))),
    };
    tx.prepare_cached(
        "INSERT INTO incidents (id, revision, edition, fingerprint, labels, annotations, links,
             group_key, starts_at, opened_at, seen_at, expires_at, state, ended_at, ending, loud,
             flaps, acknowledged, presumed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             ?19)
         ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, edition = excluded.edition,
             loud = excluded.loud, acknowledged = excluded.acknowledged,
             annotations = excluded.annotations, links = excluded.links,
             starts_at = excluded.starts_at, seen_at = excluded.seen_at,
             expires_at = excluded.expires_at, presumed = excluded.presumed,
             state = excluded.state,
             ended_at = excluded.ended_at, ending = excluded.ending
         WHERE excluded.revision > revision",
    )?
    .execute(params![
        incident.id.0,
        incident.revision,
        incident.edition,
        incident.fingerprint.to_bits().cast_signed(),
        json(&incident.labels)?,
        json(&incident.annotations)?,
        json(&incident.links)?,
        &*incident.group,
        incident.starts_at.as_millis(),
        incident.opened_at.as_millis(),
        incident.seen_at.as_millis(),
        incident.expires.map(|expires| expires.at.as_millis()),
        state,
        ended_at,
        ending,
        incident.loud,
        incident.flaps,
        incident.acknowledged.as_deref().map(json).transpose()?,
        incident.expires.is_some_and(|expires| expires.presumed),
    ])
}

fn apply_plain(tx: &Transaction<'_>, change: &Change) -> rusqlite::Result<usize> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| tx.prepare_cached(sql)?.execute(values);
    match change {
        Change::Incident(incident) => put_incident(tx, incident),
        Change::Chat(chat) => put_chat(tx, chat),
        Change::ChatGone(key) => run(
            "DELETE FROM chats WHERE bot = ?1 AND chat = ?2 AND topic = ?3",
            params![key.bot.0, key.chat, topic(*key)],
        ),
        Change::Person(person) => run(
            "INSERT OR REPLACE INTO people (id, name, role, since) VALUES (?1, ?2, ?3, ?4)",
            params![
                person.id.0,
                person.name,
                role_text(person.role),
                person.since.as_millis()
            ],
        ),
        Change::PersonGone(id) => run("DELETE FROM people WHERE id = ?1", params![id.0]),
        Change::Invite(invite) => run(
            "INSERT OR REPLACE INTO invites (code_hash, admits, expires_at) VALUES (?1, ?2, ?3)",
            params![
                invite.code_hash,
                admits_text(invite.admits),
                invite.expires_at.as_millis()
            ],
        ),
        Change::InviteGone(hash) => run("DELETE FROM invites WHERE code_hash = ?1", params![hash]),
        Change::Subscription(subscription) => put_subscription(tx, subscription),
        Change::SubscriptionGone(id) => {
            run("DELETE FROM subscriptions WHERE id = ?1", params![id.0])
        }
        Change::Card(card) => put_card(tx, card),
        Change::CardGone(id) => {
            run("DELETE FROM ledger WHERE card = ?1", params![id.0])?;
            run("DELETE FROM cards WHERE id = ?1", params![id.0])
        }
        Change::Told {
            card,
            incident,
            told,
        } => run(
            "INSERT OR REPLACE INTO ledger (card, incident, edition, ended, maybe)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![card.0, incident.0, told.edition, told.ended, told.maybe],
        ),
        Change::ToldGone { card, incident } => run(
            "DELETE FROM ledger WHERE card = ?1 AND incident = ?2",
            params![card.0, incident.0],
        ),
        Change::Delivery(delivery) => put_delivery(tx, delivery),
        Change::DeliveryGone(id) => {
            run("DELETE FROM outbox WHERE id = ?1", params![id.0])?;
            history::apply(tx, change)
        }
        Change::DeliveryDone(done) => {
            run("DELETE FROM outbox WHERE id = ?1", params![done.id.0])?;
            history::apply(tx, change)
        }
        Change::Attempt(_) => history::apply(tx, change),
        Change::Silence(silence) => silences::put(tx, silence),
        Change::Entry(entry) => incidents::put_entry(tx, entry),
        Change::SilenceGone(id) => run("DELETE FROM silences WHERE id = ?1", params![id.0]),
        Change::Monitor(record) => monitors::put(tx, record),
        Change::MonitorState(id, state) => monitors::put_state(tx, *id, state),
        Change::MonitorGone(id) => monitors::remove(tx, *id),
        Change::Edge(edge) => monitors::put_edge(tx, edge),
        Change::EdgesGone(before) => monitors::remove_edges(tx, *before),
        Change::Ping(ping) => monitors::put_ping(tx, ping),
        Change::Token(token) => tokens::put(tx, token),
        Change::TokenGone(name) => tokens::remove(tx, name),
        Change::Given(given) => given::put(tx, given),
        Change::Bot(bot) => bots::put(tx, bot),
        Change::BotGone(bot) => bots::remove(tx, *bot),
        Change::WatchedUntil(until) => monitors::put_watched(tx, *until),
        Change::Offset(bot, offset) => run(
            "INSERT OR REPLACE INTO offsets (bot, update_id, at) VALUES (?1, ?2, ?3)",
            params![bot.0, offset.update_id, offset.at.as_millis()],
        ),
        Change::NumbersUsed(number) => run("UPDATE numbers SET used = ?1", params![number]),
    }
}

fn put_chat(tx: &Transaction<'_>, chat: &Chat) -> rusqlite::Result<usize> {
    let disabled = chat.disabled.as_ref();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO chats (bot, chat, topic, title, language, zone, muted_until,
             disabled_at, disabled_reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        chat.key.bot.0,
        chat.key.chat,
        topic(chat.key),
        chat.title,
        chat.language.map(Language::code),
        chat.zone,
        chat.muted_until.map(Timestamp::as_millis),
        disabled.map(|disabled| disabled.since.as_millis()),
        disabled.map(|disabled| &disabled.reason),
    ])
}

fn put_subscription(tx: &Transaction<'_>, subscription: &Subscription) -> rusqlite::Result<usize> {
    let (kind, text) = subscription.selector.to_stored();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO subscriptions
             (id, bot, chat, topic, kind, text, created_by, created_at, monitor)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        subscription.id.0,
        subscription.chat.bot.0,
        subscription.chat.chat,
        topic(subscription.chat),
        kind,
        text,
        subscription.created_by.0,
        subscription.created_at.as_millis(),
        subscription.monitor.map(monitors::number),
    ])
}

fn put_delivery(tx: &Transaction<'_>, delivery: &Delivery) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO outbox (id, destination, content, priority, created_at, attempts,
             last_error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        delivery.id.0,
        delivery.destination.to_string(),
        json(&delivery.content)?,
        text(delivery.priority)?,
        delivery.created_at.as_millis(),
        delivery.attempts,
        delivery.last_error,
    ])
}

fn put_card(tx: &Transaction<'_>, card: &Card) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "INSERT INTO cards (id, destination, group_key, routed, message_id, behind)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET destination = excluded.destination,
             routed = excluded.routed, message_id = excluded.message_id, behind = excluded.behind",
    )?
    .execute(params![
        card.id.0,
        card.destination.to_string(),
        &*card.group,
        card.routed.as_ref().map(json).transpose()?,
        card.message_id,
        card.behind,
    ])
}

/// Reads everything the engine needs. Rows that make no sense are left out, and in the store:
/// they must not keep the rest from being read. Says how many they are.
pub(super) fn snapshot(
    connection: &Connection,
    ended_since: Timestamp,
) -> rusqlite::Result<(Snapshot, u64)> {
    let left_out = Cell::new(0);
    let all = Reader {
        connection,
        left_out: &left_out,
    };
    let mut ledger = ledger(all)?;
    let card = |row: &Row<'_>| {
        let id = CardId(row.get(0)?);
        Ok(Card {
            id,
            destination: destination(row, 1)?,
            group: row.get::<_, String>(2)?.into(),
            routed: from_json_if_any(row, 3)?,
            message_id: row.get(4)?,
            behind: row.get(5)?,
            members: ledger.remove(&id).unwrap_or_default(),
        })
    };
    let subscriptions: Vec<Option<Subscription>> = all.rows(
        "SELECT bot, chat, topic, id, kind, text, created_by, created_at, monitor
         FROM subscriptions",
        [],
        subscription,
    )?;
    let deliveries: Vec<Option<Delivery>> = all.rows(
        "SELECT id, destination, content, priority, created_at, attempts, last_error
         FROM outbox ORDER BY id",
        [],
        delivery,
    )?;
    let snapshot = Snapshot {
        incidents: all.rows(
            &format!(
                "SELECT {INCIDENT_COLUMNS} FROM incidents
                 WHERE ended_at IS NULL OR ended_at >= ?1
                    OR id IN (SELECT incident FROM ledger)"
            ),
            [ended_since.as_millis()],
            incident,
        )?,
        cards: all.rows(
            "SELECT id, destination, group_key, routed, message_id, behind FROM cards",
            [],
            card,
        )?,
        chats: all.rows(
            "SELECT bot, chat, topic, title, language, zone, muted_until, disabled_at,
                    disabled_reason FROM chats",
            [],
            chat,
        )?,
        people: all.rows("SELECT id, name, role, since FROM people", [], person)?,
        invites: all.rows(
            "SELECT code_hash, admits, expires_at FROM invites",
            [],
            invite,
        )?,
        silences: silences::read(all)?,
        subscriptions: subscriptions.into_iter().flatten().collect(),
        deliveries: deliveries.into_iter().flatten().collect(),
        bots: bots::all(all)?,
        offsets: all.rows("SELECT bot, update_id, at FROM offsets", [], offset)?,
        numbers_used: connection.query_row("SELECT used FROM numbers", [], |row| row.get(0))?,
    };
    Ok((snapshot, left_out.get()))
}

fn ledger(all: Reader<'_>) -> rusqlite::Result<HashMap<CardId, BTreeMap<IncidentId, Told>>> {
    let entry = |row: &Row<'_>| {
        let told = Told {
            edition: row.get(2)?,
            ended: row.get(3)?,
            maybe: row.get(4)?,
        };
        Ok((CardId(row.get(0)?), IncidentId(row.get(1)?), told))
    };
    let mut ledger: HashMap<CardId, BTreeMap<IncidentId, Told>> = HashMap::new();
    let entries = all.rows(
        "SELECT card, incident, edition, ended, maybe FROM ledger",
        [],
        entry,
    )?;
    for (card, incident, told) in entries {
        ledger.entry(card).or_default().insert(incident, told);
    }
    Ok(ledger)
}

/// What [`incident`] reads.
pub(super) const INCIDENT_COLUMNS: &str =
    "id, revision, edition, fingerprint, labels, annotations, links, group_key, starts_at,
     opened_at, seen_at, expires_at, state, ended_at, ending, loud, flaps, acknowledged,
     presumed";

pub(super) fn incident(row: &Row<'_>) -> rusqlite::Result<Incident> {
    let state = match row.get_ref(12)?.as_str()? {
        "firing" => State::Firing,
        "stale" => State::Stale,
        _ => State::Ended {
            at: time(row, 13)?,
            how: ending(row, 14)?,
        },
    };
    Ok(Incident {
        id: IncidentId(row.get(0)?),
        revision: row.get(1)?,
        edition: row.get(2)?,
        loud: row.get(15)?,
        flaps: row.get(16)?,
        acknowledged: from_json_if_any(row, 17)?,
        fingerprint: Fingerprint::from_bits(row.get::<_, i64>(3)?.cast_unsigned()),
        labels: from_json(row, 4)?,
        annotations: from_json(row, 5)?,
        links: from_json(row, 6)?,
        group: row.get::<_, String>(7)?.into(),
        starts_at: time(row, 8)?,
        opened_at: time(row, 9)?,
        seen_at: time(row, 10)?,
        expires: time_if_any(row, 11)?
            .map(|at| {
                let presumed = row.get(18)?;
                Ok::<_, rusqlite::Error>(Expiry { at, presumed })
            })
            .transpose()?,
        state,
    })
}

fn chat(row: &Row<'_>) -> rusqlite::Result<Chat> {
    let disabled = match time_if_any(row, 7)? {
        Some(since) => Some(Disabled {
            since,
            reason: row.get(8)?,
        }),
        None => None,
    };
    let language: Option<String> = row.get(4)?;
    Ok(Chat {
        key: chat_key(row)?,
        title: row.get(3)?,
        language: language.and_then(|code| Language::from_code(&code)),
        zone: row.get(5)?,
        muted_until: time_if_any(row, 6)?,
        disabled,
    })
}

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        id: PersonId(row.get(0)?),
        name: row.get(1)?,
        role: role(row, 2)?,
        since: time(row, 3)?,
    })
}

fn invite(row: &Row<'_>) -> rusqlite::Result<Invite> {
    Ok(Invite {
        code_hash: row.get(0)?,
        admits: match row.get_ref(1)?.as_str()? {
            "group" => Admits::Group,
            _ => Admits::Person(role(row, 1)?),
        },
        expires_at: time(row, 2)?,
    })
}

/// `None` for a selector that this version can't read any more: it is left in the store.
fn subscription(row: &Row<'_>) -> rusqlite::Result<Option<Subscription>> {
    let (id, kind, text): (i64, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let selector = match Selector::from_stored(&kind, &text) {
        Ok(selector) => selector,
        Err(problem) => {
            tracing::error!(
                subscription.id = id,
                problem,
                "a stored subscription can't be read and is not followed; subscribe again"
            );
            return Ok(None);
        }
    };
    Ok(Some(Subscription {
        id: SubscriptionId(id),
        chat: chat_key(row)?,
        selector,
        created_by: PersonId(row.get(6)?),
        created_at: time(row, 7)?,
        monitor: monitors::id_if_any(row, 8)?,
    }))
}

/// `None` for a message that this version can't read any more: it is left in the store.
fn delivery(row: &Row<'_>) -> rusqlite::Result<Option<Delivery>> {
    let id: i64 = row.get(0)?;
    let content = match from_json(row, 2) {
        Ok(content) => content,
        Err(error) => {
            tracing::error!(delivery.id = id, %error, "a waiting message can't be read and is not sent");
            return Ok(None);
        }
    };
    Ok(Some(Delivery {
        id: DeliveryId(id),
        destination: destination(row, 1)?,
        content,
        priority: from_text(row, 3)?,
        created_at: time(row, 4)?,
        attempts: row.get(5)?,
        last_error: row.get(6)?,
    }))
}

pub(super) fn destination(row: &Row<'_>, column: usize) -> rusqlite::Result<Destination> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|_| unexpected(column))
}

fn offset(row: &Row<'_>) -> rusqlite::Result<(BotId, Offset)> {
    let offset = Offset {
        update_id: row.get(1)?,
        at: time(row, 2)?,
    };
    Ok((BotId(row.get(0)?), offset))
}

/// The chat in the first three columns.
fn chat_key(row: &Row<'_>) -> rusqlite::Result<ChatKey> {
    let topic: i64 = row.get(2)?;
    Ok(ChatKey {
        bot: BotId(row.get(0)?),
        chat: row.get(1)?,
        topic: (topic != 0).then_some(topic),
    })
}

fn topic(key: ChatKey) -> i64 {
    key.topic.unwrap_or(0)
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

pub(super) fn time_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let millis: Option<i64> = row.get(column)?;
    Ok(millis.map(Timestamp::from_millis))
}

const fn admits_text(admits: Admits) -> &'static str {
    match admits {
        Admits::Person(role) => role_text(role),
        Admits::Group => "group",
    }
}

const fn role_text(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Owner => "owner",
    }
}

fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    match row.get_ref(column)?.as_str()? {
        "member" => Ok(Role::Member),
        "owner" => Ok(Role::Owner),
        _ => Err(unexpected(column)),
    }
}

const fn ending_text(ending: Ending) -> &'static str {
    match ending {
        Ending::Resolved => "resolved",
        Ending::Expired => "expired",
        Ending::Closed => "closed",
    }
}

fn ending(row: &Row<'_>, column: usize) -> rusqlite::Result<Ending> {
    match row.get_ref(column)?.as_str()? {
        "resolved" => Ok(Ending::Resolved),
        "expired" => Ok(Ending::Expired),
        "closed" => Ok(Ending::Closed),
        _ => Err(unexpected(column)),
    }
}

pub(super) fn unexpected(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        Type::Text,
        Box::new(FromSqlError::InvalidType),
    )
}

/// A word of a closed set, as serde spells it.
pub(super) fn text(word: impl serde::Serialize) -> rusqlite::Result<String> {
    let quoted = json(&word)?;
    Ok(quoted.trim_matches('"').to_owned())
}

pub(super) fn from_text<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    serde_json::from_value(word.into()).map_err(|_| unexpected(column))
}

pub(super) fn from_json_if_any<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<T>> {
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => from_json(row, column).map(Some),
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}
