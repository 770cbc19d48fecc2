//! Who needs which bytes: what the blob service asks of the read models.

/// What a loan refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Referenced {
    /// The loan was purged: its bytes go at once, unless another loan needs them.
    Gone,
    /// Its references (raw JSON, event contract section 3).
    These(Vec<String>),
    /// The same of a loan from which a person's data was erased: what it lets go of goes at once.
    Erased(Vec<String>),
}

/// The read model of references, as the service sees it. Implemented over the projection `blobs`; all calls block.
pub trait References: Send + Sync + 'static {
    /// The log position up to which references are known; `None` while the read model is rebuilt or stands still: nothing
    /// is collected then.
    fn position(&self) -> Option<u64>;

    /// Loans that changed after the position, oldest change first: their newest position and id.
    fn changed(&self, after: u64, limit: usize) -> Result<Vec<(u64, String)>, String>;

    /// What the loan refers to now.
    fn of_loan(&self, loan: &str) -> Result<Referenced, String>;

    /// Whether anybody refers to the bytes now; `None`: that cannot be said at this moment.
    fn is_referenced(&self, digest: &[u8; 32]) -> Result<Option<bool>, String>;
}
