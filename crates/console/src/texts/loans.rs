//! What loan officers read.

catalogue! {
    /// The texts of the pages of loans.
    Loans {}

    overview: "Overview";
    parts: "Parts of this loan";
}
