//! What becomes of groups: made, joined, left, split into topics, turned into supergroups, deleted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Chat, Draft, Kind, Topic, World, WorldError};
use crate::model::{Place, Status};
use crate::wire;

impl Chat {
    pub(super) fn new(place: Place, kind: Kind, title: &str) -> Chat {
        Chat {
            place,
            kind,
            title: title.to_owned(),
            members: BTreeMap::new(),
            topics: BTreeMap::new(),
            messages: BTreeMap::new(),
            deleted: false,
            migrated_to: None,
            next_message: 1,
        }
    }
}

impl World {
    pub(crate) fn add_group(&mut self, id: i64, title: &str, kind: Kind) -> Place {
        let place = Place::Group(id);
        self.chats.insert(place, Chat::new(place, kind, title));
        place
    }

    /// A new topic; its id is that of the service message that tells of it.
    pub(crate) fn add_topic(&mut self, place: Place, name: &str) -> Result<i64, WorldError> {
        let creator = self
            .chat(place)?
            .members
            .keys()
            .next()
            .copied()
            .unwrap_or_default();
        let service = json!({"forum_topic_created": {"name": name, "icon_color": 7_322_096}});
        let id = self.post_service(place, creator, None, service)?;
        let chat = self.chat_mut(place)?;
        chat.topics.insert(
            id,
            Topic {
                name: name.to_owned(),
                closed: false,
            },
        );
        if let Some(message) = chat.messages.get_mut(&id) {
            message.topic = Some(id);
        }
        Ok(id)
    }

    pub(crate) fn close_topic(
        &mut self,
        place: Place,
        topic: i64,
        closed: bool,
    ) -> Result<(), WorldError> {
        let missing = WorldError::NoTopic { chat: place, topic };
        self.chat_mut(place)?
            .topics
            .get_mut(&topic)
            .ok_or(missing)?
            .closed = closed;
        Ok(())
    }

    pub(crate) fn delete_topic(&mut self, place: Place, topic: i64) -> Result<(), WorldError> {
        let chat = self.chat_mut(place)?;
        chat.topics
            .remove(&topic)
            .ok_or(WorldError::NoTopic { chat: place, topic })?;
        chat.messages
            .retain(|_, message| message.topic != Some(topic));
        Ok(())
    }

    /// Gives a user or bot a status in a group. `by` is who did it.
    pub(crate) fn set_status(
        &mut self,
        place: Place,
        user: i64,
        new: Status,
        by: i64,
    ) -> Result<(), WorldError> {
        self.user(user)?;
        self.user(by)?;
        let chat = self.chat_mut(place)?;
        let old = chat.status_of(user);
        if old == new {
            return Ok(());
        }
        chat.members.insert(user, new);
        if self.bots.contains_key(&user) {
            self.tell_status(place, user, by, old, new);
        }
        let service = match (old.is_present(), new.is_present()) {
            (false, true) => json!({"new_chat_members": [self.users.get(&user).map(wire::user)]}),
            (true, false) => json!({"left_chat_member": self.users.get(&user).map(wire::user)}),
            _ => return Ok(()),
        };
        self.post_service(place, by, None, service).map(|_| ())
    }

    pub(crate) fn delete_group(&mut self, place: Place) -> Result<(), WorldError> {
        self.chat_mut(place)?.deleted = true;
        Ok(())
    }

    /// Turns a group into a supergroup with another id, as Telegram does behind everyone's back.
    pub(crate) fn migrate(&mut self, place: Place, new_id: i64) -> Result<Place, WorldError> {
        let old = self.chat(place)?;
        let (title, members) = (old.title.clone(), old.members.clone());
        let owner = members.keys().next().copied().unwrap_or_default();
        let new = self.add_group(new_id, &title, Kind::Supergroup { forum: false });
        self.chat_mut(new)?.members = members;
        self.post_service(place, owner, None, json!({"migrate_to_chat_id": new_id}))?;
        self.post_service(
            new,
            owner,
            None,
            json!({"migrate_from_chat_id": place.chat_id()}),
        )?;
        self.chat_mut(place)?.migrated_to = Some(new_id);
        Ok(new)
    }

    /// A message that nobody wrote; every bot in the group sees it.
    fn post_service(
        &mut self,
        place: Place,
        from: i64,
        topic: Option<i64>,
        service: Value,
    ) -> Result<i64, WorldError> {
        let id = self.post(
            place,
            Draft {
                from,
                topic,
                service: Some(service),
                ..Draft::default()
            },
        )?;
        let payload = self.message_json(place, id);
        let chat = self.chat(place)?;
        let present = |bot: &i64| chat.status_of(*bot).is_present();
        let bots: Vec<i64> = self.bots.keys().copied().filter(present).collect();
        for bot in bots {
            self.tell(bot, "message", payload.clone());
        }
        Ok(id)
    }
}
