//! Against the emulated Telegram, over real HTTP.
