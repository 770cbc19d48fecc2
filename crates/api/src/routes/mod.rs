//! The table of endpoints: one file each, its place in the tree is its place in the URL.

pub(crate) mod admin;
mod changes;
mod health;
mod live;
mod loan_requests;
mod oauth;
mod open_api;
mod ready;
mod replica;
mod unanswered_messages;
mod well_known;
mod work_list;

use crate::endpoint::Endpoint;

/// The endpoints of each path.
pub(crate) fn by_path() -> Vec<Vec<&'static Endpoint>> {
    let mut paths: Vec<Vec<&'static Endpoint>> = Vec::new();
    for endpoint in TABLE {
        match paths.iter_mut().find(|one| one[0].path == endpoint.path) {
            Some(path) => path.push(endpoint),
            None => paths.push(vec![endpoint]),
        }
    }
    paths
}

/// Every endpoint. What is not in here is 404.
pub(crate) static TABLE: &[&Endpoint] = &[
    &oauth::token::ENDPOINT,
    &oauth::token::SHORT,
    &oauth::revoke::ENDPOINT,
    &oauth::revoke::SHORT,
    &oauth::introspect::ENDPOINT,
    &oauth::introspect::SHORT,
    &oauth::userinfo::ENDPOINT,
    &well_known::METADATA,
    &well_known::OPENID,
    &well_known::JWKS,
    &loan_requests::list::ENDPOINT,
    &loan_requests::get::ENDPOINT,
    &loan_requests::audit_log::ENDPOINT,
    &loan_requests::tasks::list::ENDPOINT,
    &loan_requests::tasks::get::ENDPOINT,
    &loan_requests::tasks::download::ENDPOINT,
    &loan_requests::bid_requests::ENDPOINT,
    &loan_requests::analysis::ENDPOINT,
    &loan_requests::documents::list::ENDPOINT,
    &loan_requests::documents::download::ENDPOINT,
    &loan_requests::spaces::list::ENDPOINT,
    &loan_requests::spaces::documents::ENDPOINT,
    &loan_requests::guilds::list::ENDPOINT,
    &loan_requests::guilds::channel::ENDPOINT,
    &loan_requests::comments::ENDPOINT,
    &loan_requests::views::ENDPOINT,
    &loan_requests::worksheets::list::ENDPOINT,
    &loan_requests::worksheets::get::ENDPOINT,
    &work_list::ENDPOINT,
    &unanswered_messages::ENDPOINT,
    &changes::ENDPOINT,
    &replica::completeness::ENDPOINT,
    &replica::accesses::ENDPOINT,
    &replica::blobs::ALL,
    &replica::blobs::OF_LOAN,
    &admin::me::ENDPOINT,
    &admin::clients::LIST,
    &admin::clients::CREATE,
    &admin::clients::GET,
    &admin::clients::CHANGE,
    &admin::clients::DELETE,
    &admin::clients::ENABLE,
    &admin::clients::DISABLE,
    &admin::clients::ROTATE,
    &admin::definitions::EXPORT,
    &admin::definitions::IMPORT,
    &admin::applications::LIST,
    &admin::applications::REGISTER,
    &admin::applications::GET,
    &admin::applications::CHANGE,
    &admin::applications::DELETE,
    &admin::applications::ROTATE,
    &admin::accounts::LIST,
    &admin::accounts::CREATE,
    &admin::accounts::GET,
    &admin::accounts::CHANGE,
    &admin::accounts::DELETE,
    &admin::accounts::ENABLE,
    &admin::accounts::DISABLE,
    &admin::accounts::INVITE,
    &admin::accounts::RESET_FACTORS,
    &admin::sessions::LIST,
    &admin::sessions::END_ALL,
    &admin::sessions::END,
    &admin::consents::LIST,
    &admin::consents::OF_ACCOUNT,
    &admin::consents::WITHDRAW,
    &admin::keys::LIST,
    &admin::keys::ROTATE,
    &admin::keys::RETIRE,
    &admin::records::ENDPOINT,
    &health::ENDPOINT,
    &ready::ENDPOINT,
    &live::ENDPOINT,
    &open_api::PAGE,
    &open_api::REFERENCE,
    &open_api::REFERENCE_STYLE,
    &open_api::DOCUMENT,
    &open_api::BUNDLE,
    &open_api::STYLE,
    &open_api::START,
];
