//! New passwords, wherever one is chosen.

use continuity_auth::{AuthError, MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARACTERS, SignInError};

use crate::faults::Faults;
use crate::forms::Fields;
use crate::texts::Texts;

/// What is wrong with the fields `new` and `repeat`, as far as it can be said without asking anybody.
pub(crate) fn faults(t: &Texts, fields: &Fields) -> Faults {
    let (new, repeat) = (fields.get("new"), fields.get("repeat"));
    let mut faults = Faults::default();
    if new.chars().count() < MIN_PASSWORD_CHARACTERS {
        faults.add("new", t.password_too_short);
    } else if new.len() > MAX_PASSWORD_BYTES {
        faults.add("new", t.password_too_long);
    } else if new != repeat {
        faults.add("repeat", t.password_differs);
    }
    faults
}

/// What is wrong with a password that was refused; `None` when the password is not what is wrong.
pub(crate) fn refused(t: &Texts, error: &SignInError) -> Option<Faults> {
    matches!(error, SignInError::Failed(AuthError::Invalid(_))).then(|| Faults::at("new", t.password_weak))
}
