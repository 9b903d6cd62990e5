//! First-party plugin runtime-openclaw.
