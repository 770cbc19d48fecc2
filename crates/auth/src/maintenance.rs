//! What the authorization server does by itself: keys as their time comes, and what is known of uses.

use std::time::Duration;

use continuity_base::Stop;

use crate::{Auth, AuthError, By};

/// How often it looks. Rotations are counted in days, uses in hours.
const LOOK: Duration = Duration::from_mins(1);
/// Who makes these changes.
const ACTOR: &str = "replica";

impl Auth {
    /// Looks after keys and uses until it is stopped.
    pub async fn maintain(&self, stop: Stop) -> Result<(), AuthError> {
        while !stop.is_stopped() {
            let auth = self.acting(By::actor(ACTOR));
            let looked = tokio::task::spawn_blocking(move || auth.look_after()).await;
            if let Err(error) = looked.map_err(|_| AuthError::Crypto("the thread that looks after keys panicked"))? {
                tracing::error!(%error, "signing keys and uses could not be looked after; it is tried again in a minute");
            }
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        Ok(())
    }

    fn look_after(&self) -> Result<(), AuthError> {
        self.control().in_force().revoked.forget_expired(self.now());
        self.people().forget_expired(self.now());
        self.grants().forget_expired(self.now());
        self.endpoint().codes.forget_expired(self.monotonic());
        self.desk().pending.forget_expired(self.monotonic());
        self.end_idle()?;
        self.write_failures()?;
        self.write_uses()?;
        self.look_after_keys()
    }
}
