//! What goes wrong with a request for a file, by percentages and by seed.

use std::str::FromStr;

use crate::random::Random;

/// What goes wrong with a request for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The right bytes, slowly.
    Slow,
    /// The connection breaks in the middle.
    Cut,
    /// One byte is another one.
    WrongBytes,
    /// More or fewer bytes than the file has, consistently announced.
    WrongLength,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 429 with `Retry-After`.
    TooMany,
    /// 500.
    ServerError,
    /// 403, as if the URL were past its time.
    Expired,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Slow,
        Self::Cut,
        Self::WrongBytes,
        Self::WrongLength,
        Self::Forbidden,
        Self::NotFound,
        Self::TooMany,
        Self::ServerError,
        Self::Expired,
    ];

    /// Its name, as [`ObjectFaults`] are told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Cut => "cut",
            Self::WrongBytes => "wrong-bytes",
            Self::WrongLength => "wrong-length",
            Self::Forbidden => "403",
            Self::NotFound => "404",
            Self::TooMany => "429",
            Self::ServerError => "500",
            Self::Expired => "expired",
        }
    }
}

/// How often each fault happens, in percent of the requests, at most one to a request. None by default.
///
/// Read from `slow=5,cut=5,wrong-bytes=1,wrong-length=1,403=1,404=1,429=2,500=2,expired=1,references=5`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ObjectFaults {
    /// In the order of [`Fault::ALL`].
    percent: [f64; 9],
    references: f64,
}

impl ObjectFaults {
    /// With `fault` in `percent` of a hundred requests for files.
    #[must_use]
    pub fn with(mut self, fault: Fault, percent: f64) -> Self {
        for (kept, _) in self.percent.iter_mut().zip(Fault::ALL).filter(|(_, known)| *known == fault) {
            *kept = percent;
        }
        self
    }

    /// With 503 in `percent` of a hundred requests for references.
    #[must_use]
    pub fn with_references(mut self, percent: f64) -> Self {
        self.references = percent;
        self
    }

    /// How often a fault happens, in percent.
    pub fn percent(&self, fault: Fault) -> f64 {
        self.percent.iter().zip(Fault::ALL).find(|(_, known)| *known == fault).map_or(0.0, |(percent, _)| *percent)
    }

    /// What happens to a request, by chance.
    pub(super) fn draw(&self, random: &mut Random) -> Option<Fault> {
        let mut left = 100.0;
        for (fault, percent) in Fault::ALL.into_iter().zip(self.percent) {
            // Of those that had none of the faults before.
            if random.chance(if left > 0.0 { percent / left } else { 0.0 }) {
                return Some(fault);
            }
            left -= percent;
        }
        None
    }

    /// Whether a request for a reference fails, by chance.
    pub(super) fn refuses_reference(&self, random: &mut Random) -> bool {
        random.chance(self.references / 100.0)
    }
}

/// The text is none of the faults with a percentage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no fault with its percentage such as slow=5; faults are {KNOWN}, together at most 100")]
pub struct UnknownFault(String);

const KNOWN: &str = "slow, cut, wrong-bytes, wrong-length, 403, 404, 429, 500, expired and references";

impl FromStr for ObjectFaults {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let mut faults = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let unknown = || UnknownFault(part.to_owned());
            let (name, percent) = part.split_once('=').ok_or_else(unknown)?;
            let percent = percent.parse().ok().filter(|p| (0.0..=100.0).contains(p)).ok_or_else(unknown)?;
            if name == "references" {
                faults.references = percent;
            } else {
                let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name).ok_or_else(unknown)?;
                faults = faults.with(fault, percent);
            }
        }
        if faults.percent.iter().sum::<f64>() > 100.0 {
            return Err(UnknownFault(text.to_owned()));
        }
        Ok(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_by_name_and_others_refused() {
        let faults: ObjectFaults = "slow=5, cut=2.5,429=1,references=7".parse().unwrap();
        let expected = ObjectFaults::default().with(Fault::Slow, 5.0).with(Fault::Cut, 2.5).with(Fault::TooMany, 1.0);
        assert_eq!(faults, expected.with_references(7.0));
        assert_eq!("".parse(), Ok(ObjectFaults::default()));
        for wrong in ["slow", "slow=x", "slow=-1", "slow=101", "late=1", "slow=60,cut=60", "cut=NaN"] {
            assert!(wrong.parse::<ObjectFaults>().is_err(), "{wrong}");
        }
        for name in Fault::ALL.map(Fault::name) {
            assert!(KNOWN.contains(name));
        }
    }

    #[test]
    fn chance_keeps_to_the_percentages() {
        let faults: ObjectFaults = "slow=10,cut=20,500=30,expired=40".parse().unwrap();
        let mut counts = std::collections::BTreeMap::new();
        for number in 0..20_000 {
            *counts.entry(faults.draw(&mut Random::new(1, number))).or_insert(0) += 1;
        }
        for (fault, percent) in [(Fault::Slow, 10), (Fault::Cut, 20), (Fault::ServerError, 30), (Fault::Expired, 40)] {
            let count: i32 = counts[&Some(fault)];
            assert!((count - percent * 200).abs() < 400, "{counts:?}");
        }
        assert!(!counts.contains_key(&None), "{counts:?}");
    }
}
