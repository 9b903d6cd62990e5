//! First-party plugin report-validator.
