//! OCI distribution: credentials of docker login; the registry client.
