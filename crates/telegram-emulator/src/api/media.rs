//! sendPhoto and sendDocument: uploads, files sent again by their id, captions.

use serde_json::Value;

use super::Call;
use super::send::{deliver, formatted};
use crate::html::Formatted;
use crate::image;
use crate::model::File;
use crate::refusal::Refusal;
use crate::world::{Draft, World};

const CAPTION_MAX: usize = 1024;
const PHOTO_BYTES_MAX: usize = 10 * 1024 * 1024;
const DOCUMENT_BYTES_MAX: usize = 50 * 1024 * 1024;
/// Width and height together.
const PHOTO_PIXELS_MAX: u32 = 10_000;
const PHOTO_RATIO_MAX: u32 = 20;

pub(super) fn photo(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    send(world, call, "photo")
}

pub(super) fn document(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    send(world, call, "document")
}

/// The caption of a photo or document; it may be empty.
pub(super) fn caption(call: &Call) -> Result<Formatted, Refusal> {
    let content = formatted(call, "caption", "caption_entities")?;
    if content.text.chars().count() > CAPTION_MAX {
        return Err(Refusal::bad("message caption is too long"));
    }
    Ok(content)
}

fn send(world: &mut World, call: &Call, kind: &'static str) -> Result<Value, Refusal> {
    let content = caption(call)?;
    let file = file(world, call, kind)?;
    world.files.insert(file.id.clone(), file.clone());
    deliver(
        world,
        call,
        Draft {
            content,
            file: Some(file),
            ..Draft::default()
        },
    )
}

fn file(world: &mut World, call: &Call, kind: &'static str) -> Result<File, Refusal> {
    let given = call.text(kind).unwrap_or_default();
    if given.starts_with("http://") || given.starts_with("https://") {
        return Err(Refusal::bad("failed to get HTTP URL content"));
    }
    let Some(part) = given.strip_prefix("attach://") else {
        let known = world.files.get(given).filter(|file| file.kind == kind);
        return known
            .cloned()
            .ok_or_else(|| Refusal::bad("wrong file identifier/HTTP URL specified"));
    };
    let Some(upload) = call.uploads.get(part) else {
        return Err(Refusal::bad(format!("there is no {kind} in the request")));
    };
    if upload.bytes.is_empty() {
        return Err(Refusal::bad("file must be non-empty"));
    }
    let (size, limit) = match kind {
        "photo" => (Some(photo_size(&upload.bytes)?), PHOTO_BYTES_MAX),
        _ => (None, DOCUMENT_BYTES_MAX),
    };
    if upload.bytes.len() > limit {
        return Err(Refusal::new(413, "Request Entity Too Large"));
    }
    Ok(File {
        id: format!("AgAC{kind}{:08}", world.fresh_id()),
        kind,
        name: upload.name.clone(),
        mime: upload.mime.clone(),
        size,
        bytes: upload.bytes.clone(),
    })
}

fn photo_size(bytes: &[u8]) -> Result<(u32, u32), Refusal> {
    let (width, height) = image::size(bytes).ok_or_else(|| Refusal::bad("IMAGE_PROCESS_FAILED"))?;
    let (short, long) = (width.min(height), width.max(height));
    let fits = short > 0
        && long / short <= PHOTO_RATIO_MAX
        && width.saturating_add(height) <= PHOTO_PIXELS_MAX;
    if fits {
        Ok((width, height))
    } else {
        Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS"))
    }
}
