//! Users, chats and messages in the form in which the Bot API sends them.

use serde_json::{Map, Value, json};

use crate::model::{ANONYMOUS, File, Message, Status, User};
use crate::world::{Chat, Kind, World};

pub(crate) fn user(user: &User) -> Value {
    let mut fields = Map::new();
    fields.insert("id".into(), json!(user.id));
    fields.insert("is_bot".into(), json!(user.is_bot));
    fields.insert("first_name".into(), json!(user.first_name));
    if let Some(username) = &user.username {
        fields.insert("username".into(), json!(username));
    }
    if let Some(language) = &user.language_code {
        fields.insert("language_code".into(), json!(language));
    }
    Value::Object(fields)
}

pub(crate) fn chat(world: &World, chat: &Chat) -> Value {
    let mut fields = Map::new();
    fields.insert("id".into(), json!(chat.place.chat_id()));
    fields.insert("type".into(), json!(chat.kind_name()));
    match chat.kind {
        Kind::Private { .. } => {
            if let Some(user) = world.users.get(&chat.place.chat_id()) {
                fields.insert("first_name".into(), json!(user.first_name));
                if let Some(username) = &user.username {
                    fields.insert("username".into(), json!(username));
                }
            }
        }
        Kind::Group => {
            fields.insert("title".into(), json!(chat.title));
        }
        Kind::Supergroup { forum } => {
            fields.insert("title".into(), json!(chat.title));
            if forum {
                fields.insert("is_forum".into(), json!(true));
            }
        }
    }
    Value::Object(fields)
}

pub(crate) fn member(of: &User, status: Status) -> Value {
    let mut fields = Map::new();
    fields.insert("user".into(), user(of));
    fields.insert("status".into(), json!(status.name()));
    match status {
        Status::Creator => {
            fields.insert("is_anonymous".into(), json!(false));
        }
        Status::Administrator => {
            for right in [
                "can_manage_chat",
                "can_delete_messages",
                "can_manage_video_chats",
                "can_restrict_members",
                "can_change_info",
                "can_invite_users",
                "can_post_stories",
                "can_edit_stories",
                "can_delete_stories",
                "can_pin_messages",
                "can_manage_topics",
                "can_send_welcome_messages",
            ] {
                fields.insert(right.into(), json!(true));
            }
            for right in ["can_be_edited", "is_anonymous", "can_promote_members"] {
                fields.insert(right.into(), json!(false));
            }
        }
        Status::Kicked => {
            fields.insert("until_date".into(), json!(0));
        }
        Status::Member | Status::Left => {}
    }
    Value::Object(fields)
}

/// The message, with the message it answers (but not the one that this one answers).
pub(crate) fn message(world: &World, place: &Chat, message: &Message) -> Value {
    let mut fields = bare_message(world, place, message);
    if let Some(answered) = message.reply_to.and_then(|id| place.messages.get(&id)) {
        fields.insert(
            "reply_to_message".into(),
            Value::Object(bare_message(world, place, answered)),
        );
    }
    Value::Object(fields)
}

fn bare_message(world: &World, place: &Chat, message: &Message) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("message_id".into(), json!(message.id));
    if let Some(from) = world.users.get(&message.from) {
        fields.insert("from".into(), user(from));
    }
    let chat = chat(world, place);
    if message.from == ANONYMOUS {
        fields.insert("sender_chat".into(), chat.clone());
    }
    fields.insert("chat".into(), chat);
    fields.insert("date".into(), json!(message.date));
    if message.edits > 0 {
        fields.insert("edit_date".into(), json!(crate::world::unix_now()));
    }
    if let Some(topic) = message.topic {
        fields.insert("message_thread_id".into(), json!(topic));
        fields.insert("is_topic_message".into(), json!(true));
    }
    let entities: Vec<Value> = message
        .entities
        .iter()
        .map(crate::html::Entity::to_json)
        .collect();
    let (text_name, entities_name) = match &message.file {
        Some(file) => {
            fields.insert(file.kind.into(), file_json(file));
            ("caption", "caption_entities")
        }
        None => ("text", "entities"),
    };
    if !message.text.is_empty() {
        fields.insert(text_name.into(), json!(message.text));
    }
    if !entities.is_empty() {
        fields.insert(entities_name.into(), json!(entities));
    }
    if let Some(markup) = message
        .markup
        .as_ref()
        .filter(|markup| markup.get("inline_keyboard").is_some())
    {
        fields.insert("reply_markup".into(), markup.clone());
    }
    if let Some(Value::Object(service)) = &message.service {
        fields.extend(service.clone());
    }
    fields
}

fn file_json(file: &File) -> Value {
    let common = json!({
        "file_id": file.id,
        "file_unique_id": format!("u{}", file.id),
        "file_size": file.bytes.len(),
    });
    let Value::Object(mut fields) = common else {
        return Value::Null;
    };
    if let Some((width, height)) = file.size {
        fields.insert("width".into(), json!(width));
        fields.insert("height".into(), json!(height));
        return json!([fields]);
    }
    fields.insert("file_name".into(), json!(file.name));
    fields.insert("mime_type".into(), json!(file.mime));
    Value::Object(fields)
}
