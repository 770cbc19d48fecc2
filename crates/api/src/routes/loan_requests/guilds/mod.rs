//! `.../guilds`: guilds, channels, messages.

pub(crate) mod channel;
pub(crate) mod list;
