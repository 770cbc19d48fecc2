//! The HTTPS API: routes, problems, health, OpenAPI
