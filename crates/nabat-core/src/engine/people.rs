//! Who may use the bots: people and groups that were let in, and how they are let out again.
//!
//! An invitation works once. One for a person works in a private chat only; one for a group makes
//! the group known and nobody else, since everyone there can read its code.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::talk::Request;
use super::{Effects, Engine, Speaker};
use crate::change::Change;
use crate::chat::{Admits, BotId, ChatKey, Invite, Person, PersonId, Role};
use crate::message::answer::Answer;
use crate::time::Timestamp;

/// For how long an invitation can be used.
const INVITE_VALID_FOR: Duration = Duration::from_secs(24 * 3_600);

impl Engine {
    pub(super) fn allows(&self, bot: BotId, id: i64) -> bool {
        let allowed = self.settings.allowed.get(&bot);
        // Whom a monitor tells by itself may answer, too.
        allowed.is_some_and(|allowed| allowed.contains(&id)) || self.own_chats.has(bot, id)
    }

    pub(super) fn knows(&self, bot: BotId, speaker: &Speaker) -> bool {
        !speaker.anonymous
            && (self.people.contains_key(&speaker.id) || self.allows(bot, speaker.id.0))
    }

    pub(super) fn is_owner(&self, speaker: &Speaker) -> bool {
        self.people
            .get(&speaker.id)
            .is_some_and(|person| person.role == Role::Owner)
    }

    /// Lets in whom the code is for. It is used up by the first who opens it in the right place,
    /// and by anyone who shows it to a group.
    pub(super) fn pair(&mut self, request: &Request<'_>, code: &str, out: &mut Effects) -> Answer {
        if request.speaker.anonymous {
            return Answer::AnonymousAdmin;
        }
        let hash = hash_of(code);
        let private = request.chat.is_private();
        let admits = self
            .invites
            .get(&hash)
            .filter(|invite| invite.expires_at > request.now)
            .map(|invite| invite.admits);
        match (admits, private) {
            (Some(Admits::Group), false) => {
                self.drop_invites(|open| open.code_hash == hash, out);
                self.change_chat(request, out, |_| {});
                Answer::GroupPaired
            }
            (Some(Admits::Person(role)), true) => self.let_in(request, hash, role, out),
            (Some(Admits::Person(_)), false) => {
                self.drop_invites(|open| open.code_hash == hash, out);
                Answer::CodeNotValid
            }
            (Some(Admits::Group), true) | (None, _) => Answer::CodeNotValid,
        }
    }

    fn let_in(
        &mut self,
        request: &Request<'_>,
        hash: [u8; 32],
        role: Role,
        out: &mut Effects,
    ) -> Answer {
        let known = self.people.get(&request.speaker.id);
        if known.is_some_and(|person| person.role >= role) {
            return Answer::AlreadyKnown;
        }
        let owner = role == Role::Owner;
        self.drop_invites(
            |open| {
                let of_owner = open.admits == Admits::Person(Role::Owner);
                open.code_hash == hash || (owner && of_owner)
            },
            out,
        );
        let person = Person {
            id: request.speaker.id,
            name: request.speaker.name.clone(),
            role,
            since: request.now,
        };
        out.changes.push(Change::Person(person.clone()));
        self.people.insert(person.id, person);
        self.change_chat(request, out, |_| {});
        Answer::Paired { owner }
    }

    fn drop_invites(&mut self, which: impl Fn(&Invite) -> bool, out: &mut Effects) {
        self.invites.retain(|hash, invite| {
            let gone = which(invite);
            if gone {
                out.changes.push(Change::InviteGone(*hash));
            }
            !gone
        });
    }

    pub(super) fn invite(&mut self, request: &Request<'_>, out: &mut Effects) -> Answer {
        if !self.is_owner(request.speaker) {
            return Answer::OwnersOnly;
        }
        if !request.chat.is_private() {
            return Answer::InPrivateOnly;
        }
        let [for_person, for_group] = two_from(request.entropy);
        let person = self.open_invite(request.now, for_person, Admits::Person(Role::Member), out);
        let group = self.open_invite(request.now, for_group, Admits::Group, out);
        Answer::Invite {
            link: format!("https://t.me/{}?start={person}", request.bot_name),
            group_link: format!("https://t.me/{}?startgroup={group}", request.bot_name),
            valid_for: INVITE_VALID_FOR,
        }
    }

    /// Opens an invitation and returns its code: 32 hexadecimal digits, kept nowhere.
    pub fn open_invite(
        &mut self,
        now: Timestamp,
        entropy: [u8; 16],
        admits: Admits,
        out: &mut Effects,
    ) -> String {
        use std::fmt::Write as _;
        self.drop_invites(|open| open.expires_at <= now, out);
        let mut code = String::with_capacity(32);
        for byte in entropy {
            write!(code, "{byte:02x}").expect("writing to a string succeeds");
        }
        let invite = Invite {
            code_hash: hash_of(&code),
            admits,
            expires_at: now.after(INVITE_VALID_FOR),
        };
        out.changes.push(Change::Invite(invite.clone()));
        self.invites.insert(invite.code_hash, invite);
        code
    }

    pub(super) fn list_people(&self, request: &Request<'_>) -> Answer {
        if !self.is_owner(request.speaker) {
            return Answer::OwnersOnly;
        }
        if !request.chat.is_private() {
            return Answer::InPrivateOnly;
        }
        let others = self.people.values().filter(|p| p.id != request.speaker.id);
        let mut items: Vec<(i64, String)> = others
            .map(|person| (person.id.0, format!("{} · {}", person.name, person.id.0)))
            .collect();
        items.sort();
        Answer::People { items }
    }

    /// Somebody may use the bots no more. What they were told of gets its end; they hear of
    /// nothing new.
    pub(super) fn let_out(&mut self, request: &Request<'_>, id: &str, out: &mut Effects) -> Answer {
        if !self.is_owner(request.speaker) || !request.chat.is_private() {
            return Answer::OwnersOnly;
        }
        let gone = id
            .parse()
            .ok()
            .filter(|id| *id != request.speaker.id.0)
            .and_then(|id| self.people.remove(&PersonId(id)));
        let Some(gone) = gone else {
            return Answer::PersonUnknown;
        };
        out.changes.push(Change::PersonGone(gone.id));
        Answer::PersonGone { name: gone.name }
    }

    /// Whether the chat may hear of anything new: a private one only while its person is known.
    pub(super) fn may_hear(&self, chat: ChatKey) -> bool {
        !chat.is_private()
            || self.people.contains_key(&PersonId(chat.chat))
            || self.allows(chat.bot, chat.chat)
    }
}

/// Two codes' worth of random bytes out of one: neither can be told from the other.
fn two_from(entropy: [u8; 16]) -> [[u8; 16]; 2] {
    let mixed = Sha256::digest(entropy);
    let mut halves = [[0; 16]; 2];
    for (half, bytes) in halves.iter_mut().zip(mixed.chunks_exact(16)) {
        half.copy_from_slice(bytes);
    }
    halves
}

fn hash_of(code: &str) -> [u8; 32] {
    Sha256::digest(code.as_bytes()).into()
}
