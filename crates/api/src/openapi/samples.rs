//! Code samples of each operation: curl, Python (requests) and JavaScript (fetch), in the manner of the vendor's guide.

use serde_json::{Value, json};

use super::operation::{has_body, is_grant};
use crate::endpoint::{Access, Answer, Endpoint, Verb};

const HOST: &str = "https://your-continuity-suite:8083";

pub(super) fn of(endpoint: &Endpoint) -> Value {
    let (shell, python, javascript) = match (endpoint.verb, endpoint.access) {
        (Verb::Post, _) if is_grant(endpoint) => token(endpoint.path),
        (_, Access::Roles { .. }) => administer(endpoint),
        (Verb::Post | Verb::Patch | Verb::Delete, _) => about(endpoint.path),
        (_, Access::AnyOf(_) | Access::OpenId) => read(endpoint, true),
        (_, Access::Open) => read(endpoint, false),
    };
    json!([
        {"lang": "Shell", "label": "curl", "source": shell},
        {"lang": "Python", "label": "Python", "source": python},
        {"lang": "JavaScript", "label": "JavaScript", "source": javascript},
    ])
}

/// The samples of the token call as Markdown, for whoever reads the document's beginning.
pub(super) fn token_markdown() -> String {
    let (shell, python, javascript) = token("/api/v1/oauth/token");
    let block = |name: &str, text: &str| format!("```{name}\n{text}\n```");
    let blocks = [block("sh", &shell), block("python", &python), block("javascript", &javascript)];
    format!("Get a token, then send it as `Authorization: Bearer <token>`.\n\n{}", blocks.join("\n\n"))
}

fn token(path: &str) -> (String, String, String) {
    let url = format!("{HOST}{path}");
    let shell = format!(
        "curl --cacert ca.pem -X POST \"{url}\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{{\"grant_type\":\"client_credentials\",\"client_id\":\"your_client_id\",\"client_secret\":\"your_client_secret\",\"scope\":\"loans:read documents:read\"}}'"
    );
    let python = format!(
        "import requests\n\nresponse = requests.post(\"{url}\", verify=\"ca.pem\", json={{\n    \"grant_type\": \"client_credentials\",\n    \"client_id\": \"your_client_id\",\n    \"client_secret\": \"your_client_secret\",\n    \"scope\": \"loans:read documents:read\",\n}})\nresponse.raise_for_status()\naccess_token = response.json()[\"access_token\"]"
    );
    let javascript = format!(
        "const response = await fetch(\"{url}\", {{\n  method: \"POST\",\n  headers: {{\"Content-Type\": \"application/json\"}},\n  body: JSON.stringify({{\n    grant_type: \"client_credentials\",\n    client_id: \"your_client_id\",\n    client_secret: \"your_client_secret\",\n    scope: \"loans:read documents:read\",\n  }}),\n}});\nconst accessToken = (await response.json()).access_token;"
    );
    (shell, python, javascript)
}

/// A question about a token, with the client's secret in HTTP Basic.
fn about(path: &str) -> (String, String, String) {
    let url = format!("{HOST}{path}");
    let shell = format!(
        "curl --cacert ca.pem -X POST \"{url}\" \\\n  --user \"your_client_id:your_client_secret\" \\\n  --data-urlencode \"token=$ACCESS_TOKEN\""
    );
    let python = format!(
        "import requests\n\nresponse = requests.post(\n    \"{url}\",\n    verify=\"ca.pem\",\n    auth=(\"your_client_id\", \"your_client_secret\"),\n    data={{\"token\": access_token}},\n)\nresponse.raise_for_status()\ndata = response.json()"
    );
    let javascript = format!(
        "const response = await fetch(\"{url}\", {{\n  method: \"POST\",\n  body: new URLSearchParams({{\n    client_id: \"your_client_id\",\n    client_secret: \"your_client_secret\",\n    token: accessToken,\n  }}),\n}});\nconst data = await response.json();"
    );
    (shell, python, javascript)
}

/// Something of the administration, with a token that a person granted for it.
fn administer(endpoint: &Endpoint) -> (String, String, String) {
    if endpoint.verb == Verb::Get {
        return read(endpoint, true);
    }
    let url = format!("{HOST}{}", endpoint.path);
    let method = super::verb(endpoint);
    let shouted = method.to_ascii_uppercase();
    let sends = has_body(endpoint);
    let body = if sends { " \\\n  --json \"$BODY\"" } else { "" };
    let shell = format!(
        "curl --cacert ca.pem -X {shouted} \"{}\" \\\n  -H \"Authorization: Bearer $ACCESS_TOKEN\"{body}",
        shell_names(&url)
    );
    let url_python = if url.contains('{') { format!("f\"{}\"", python_names(&url)) } else { format!("\"{url}\"") };
    let body = if sends { ",\n    json=body" } else { "" };
    let python = format!(
        "import requests\n\nresponse = requests.{method}(\n    {url_python},\n    verify=\"ca.pem\",\n    headers={{\"Authorization\": f\"Bearer {{access_token}}\"}}{body},\n)\nresponse.raise_for_status()"
    );
    let url_script = if url.contains('{') { format!("`{}`", url.replace('{', "${")) } else { format!("\"{url}\"") };
    let (kind, body) =
        if sends { (", \"Content-Type\": \"application/json\"", "\n  body: JSON.stringify(body),") } else { ("", "") };
    let javascript = format!(
        "const response = await fetch({url_script}, {{\n  method: \"{shouted}\",\n  headers: {{Authorization: `Bearer ${{accessToken}}`{kind}}},{body}\n}});\nif (!response.ok) throw new Error(await response.text());"
    );
    (shell, python, javascript)
}

fn read(endpoint: &Endpoint, authorised: bool) -> (String, String, String) {
    let url = format!("{HOST}{}", endpoint.path);
    if matches!(endpoint.answer, Answer::Events) {
        return events(&url);
    }
    let file = matches!(endpoint.answer, Answer::File);
    let header = if authorised { " \\\n  -H \"Authorization: Bearer $ACCESS_TOKEN\"" } else { "" };
    let output = if file { " \\\n  --remote-name --remote-header-name" } else { "" };
    let shell = format!("curl --cacert ca.pem \"{}\"{header}{output}", shell_names(&url));
    let headers = if authorised { ",\n    headers={\"Authorization\": f\"Bearer {access_token}\"}" } else { "" };
    let plain = matches!(endpoint.answer, Answer::Media(m) if m != "application/json");
    let used = match (file, plain) {
        (true, _) => "content = response.content",
        (_, true) => "text = response.text",
        _ => "data = response.json()",
    };
    let url_python = if url.contains('{') { format!("f\"{}\"", python_names(&url)) } else { format!("\"{url}\"") };
    let python = format!(
        "import requests\n\nresponse = requests.get(\n    {url_python},\n    verify=\"ca.pem\"{headers},\n)\nresponse.raise_for_status()\n{used}"
    );
    let url_script = if url.contains('{') { format!("`{}`", url.replace('{', "${")) } else { format!("\"{url}\"") };
    let headers = if authorised { ", {\n  headers: {Authorization: `Bearer ${accessToken}`},\n}" } else { "" };
    let used = match (file, plain) {
        (true, _) => "const content = await response.arrayBuffer();",
        (_, true) => "const text = await response.text();",
        _ => "const data = await response.json();",
    };
    let javascript = format!("const response = await fetch({url_script}{headers});\n{used}");
    (shell, python, javascript)
}

/// A stream, read line by line.
fn events(url: &str) -> (String, String, String) {
    let shell =
        format!("curl --cacert ca.pem --no-buffer \"{url}?since=0\" \\\n  -H \"Authorization: Bearer $ACCESS_TOKEN\"");
    let python = format!(
        "import json\nimport requests\n\nwith requests.get(\n    \"{url}\",\n    params={{\"since\": 0}},\n    stream=True,\n    timeout=(5, 60),\n    verify=\"ca.pem\",\n    headers={{\"Authorization\": f\"Bearer {{access_token}}\"}},\n) as response:\n    response.raise_for_status()\n    for line in response.iter_lines(chunk_size=None):\n        if line.startswith(b\"data: \"):\n            print(json.loads(line[6:]))"
    );
    let javascript = format!(
        "const response = await fetch(\"{url}?since=0\", {{\n  headers: {{Authorization: `Bearer ${{accessToken}}`}},\n}});\nfor await (const text of response.body.pipeThrough(new TextDecoderStream())) {{\n  console.log(text);\n}}"
    );
    (shell, python, javascript)
}

/// `{loanRequestId}` as a shell names it: `$LOAN_REQUEST_ID`.
fn shell_names(url: &str) -> String {
    let mut out = String::new();
    for (n, part) in python_names(url).split(['{', '}']).enumerate() {
        if n % 2 == 0 {
            out.push_str(part);
        } else {
            out.push('$');
            out.push_str(&part.to_ascii_uppercase());
        }
    }
    out
}

/// `{loanRequestId}` as Python names it: `{loan_request_id}`.
fn python_names(url: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in url.chars() {
        inside = (inside || c == '{') && c != '}';
        if inside && c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(if inside { c.to_ascii_lowercase() } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_own_way_with_names() {
        assert_eq!(shell_names("/Api/{loanRequestId}/x"), "/Api/$LOAN_REQUEST_ID/x");
        assert_eq!(python_names("/Api/{loanRequestId}/x"), "/Api/{loan_request_id}/x");
    }
}
