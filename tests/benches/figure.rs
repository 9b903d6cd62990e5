//! Figures: samples, what stands beside them, a budget, and the verdict. Pure.

use std::time::Duration;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Milliseconds.
    Time,
    /// Mebibytes.
    Memory,
}

/// Measured values, in milliseconds or mebibytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1e3);
    }

    pub(crate) fn add_kib(&mut self, kib: u32) {
        self.0.push(f64::from(kib) / 1024.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// The lower one of the two in the middle, so that it is a value that was seen.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[(sorted.len() - 1) / 2]
    }
}

/// What a figure may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Budget {
    /// So much.
    Most(f64),
    /// So much more than what stands beside it.
    Above(f64),
    /// So many times what stands beside it.
    Times(f64),
    /// None is set; the figure is told for its own sake.
    Unset,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) unit: Unit,
    pub(crate) ours: Samples,
    /// What was measured in the same run to compare with, and its name.
    pub(crate) beside: Option<(String, Samples)>,
    pub(crate) budget: Budget,
}

impl Row {
    pub(crate) fn time(what: impl Into<String>, ours: Samples) -> Self {
        Self { what: what.into(), unit: Unit::Time, ours, beside: None, budget: Budget::Unset }
    }

    pub(crate) fn memory(what: impl Into<String>, ours: Samples) -> Self {
        Self { what: what.into(), unit: Unit::Memory, ours, beside: None, budget: Budget::Most(64.0) }
    }

    pub(crate) fn beside(mut self, name: impl Into<String>, samples: Samples) -> Self {
        self.beside = Some((name.into(), samples));
        self
    }

    pub(crate) fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// The value that is held against the budget: for memory the largest, for a time the median.
    pub(crate) fn value(&self) -> f64 {
        match self.unit {
            Unit::Time => self.ours.median(),
            Unit::Memory => self.ours.max(),
        }
    }

    /// The largest value within the budget.
    pub(crate) fn limit(&self) -> Option<f64> {
        let beside = || self.beside.as_ref().expect("a budget that compares has something beside it").1.median();
        match self.budget {
            Budget::Most(most) => Some(most),
            Budget::Above(more) => Some(beside() + more),
            Budget::Times(times) => Some(beside() * times),
            Budget::Unset => None,
        }
    }

    /// `within` or `over`; nothing without a budget.
    pub(crate) fn verdict(&self) -> Option<&'static str> {
        self.limit().map(|limit| if self.value() <= limit { "within" } else { "over" })
    }
}
