//! The Telegram Bot API as it behaves, for tests and for `nabat demo`.
