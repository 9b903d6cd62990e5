//! First-party plugin target-docker.
