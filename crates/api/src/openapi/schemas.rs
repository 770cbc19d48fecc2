//! Schemas of what is answered. Entities are open objects: the members listed are the ones of the event contract.

use serde_json::{Map, Value, json};

use crate::problem;

/// (schema, members). A member is `name`, `!` if a client may rely on it, `:type` unless it is text, `*` for an array.
const ENTITIES: &[(&str, &str)] = &[
    (
        "LoanRequest",
        "id! reference! status! stage! currency! requestedAmount!:decimal createdAt!:date-time updatedAt!:date-time version!:integer product:object purpose termMonths:integer ownContribution:decimal property:object collaterals:object* participants:object* assignedAgent:object team checklist:object* acceptedBidId sanction:object deed:object statusChangedAt:date-time submittedAt:date-time closedAt:date-time closeReason tags:string* deletedAt:date-time",
    ),
    (
        "AuditEntry",
        "id! occurredAt!:date-time action! origin! actor:object target:AuditTarget sequence changes:any reason until:date-time version:integer loanRequestId endpoint count:integer scope requestId controlPosition:integer",
    ),
    (
        "AccessRecord",
        "id! occurredAt!:date-time action! origin! actor!:AccessActor target:AuditTarget until:date-time version:integer loanRequestId endpoint! count!:integer scope requestId controlPosition!:integer",
    ),
    ("AccessActor", "id! type! displayName"),
    ("AuditTarget", "type id label"),
    (
        "Task",
        "id! type! title! status! assignedAt!:date-time items!:TaskItem* assignee:object dueAt:date-time completedAt:date-time visibleToClient:boolean sensitive:boolean formSchema:any formData:any review:any",
    ),
    ("TaskItem", "id! kind! fileName! mediaType! sizeBytes!:integer sha256! uploadedAt!:date-time blob:BlobReference"),
    (
        "BidRequest",
        "id! loanRequestId! status! requestedAt!:date-time quotes!:BidQuote* requestedAmount:decimal currency termMonths:integer respondBy:date",
    ),
    (
        "BidQuote",
        "id! revision!:integer status! principalAmount!:decimal currency! termMonths!:integer periods:object* charges:object* monthlyPayment:decimal ltv:decimal dsti:decimal validUntil:date approvals:object*",
    ),
    (
        "Analysis",
        "id! type! scope! status! runAt!:date-time participantId formula:any inputs:any* result:any thresholds:any* outcome",
    ),
    ("Space", "id! name! kind! order:number parentId"),
    (
        "Document",
        "id! name! category! status! fileName! mediaType! sizeBytes!:integer sha256! uploadedAt!:date-time version!:integer spaceId source versions:object* sensitive:boolean uploadedBy:object signatures:object* blob:BlobReference",
    ),
    ("BlobReference", "blobId sha256! sizeBytes:integer mediaType fileName fetch:object state:blobState"),
    ("Guild", "id! name! createdAt!:date-time channels!:Channel* members:object*"),
    ("Channel", "id! name! kind! createdAt!:date-time"),
    (
        "Message",
        "id! seq!:integer author:object body:object postedAt:date-time editedAt:date-time revision:integer attachments:object* replyToId deletedAt:date-time deletedBy:object",
    ),
    (
        "Comment",
        "id! target!:object author!:object text! createdAt!:date-time parentId visibility resolvedAt:date-time editedAt:date-time",
    ),
    ("View", "id! order!:number definition!:object status! generatedAt!:date-time sections:object* error:any"),
    ("WorksheetSummary", "id! name! status! createdAt!:date-time updatedAt!:date-time version!:integer summary:any"),
    (
        "Worksheet",
        "id! name! status! createdAt!:date-time updatedAt!:date-time version!:integer summary:any sheets:object*",
    ),
    ("Pagination", "limit!:integer offset!:integer total!:integer hasMore!:boolean nextCursor!:cursor"),
    ("LoanRequestPage", "loanRequests!:LoanRequest* pagination!:Pagination"),
    ("ChannelMessages", "id! name! kind! createdAt!:date-time messages!:Message* nextCursor!:cursor"),
    (
        "CompletenessReport",
        "status! counts!:CompletenessCounts waiting!:WaitingManifest* results!:CompletenessResult* incomplete!:IncompleteLoan* purged!:PurgedLoan* pagination!:CursorPagination",
    ),
    ("CompletenessCounts", "results!:integer waiting!:integer incomplete!:integer purged!:integer"),
    ("WaitingManifest", "manifest!:integer manifestId! asOf:date-time arrivedAt!:date-time"),
    (
        "CompletenessResult",
        "result! manifest!:integer manifestId! asOf:date-time through!:integer again!:boolean listed!:boolean loanRequests!:integer events!:integer loansMissing!:integer eventsMissing!:integer loansUnlisted!:integer loansAhead!:integer presence!:boolean content:boolean missing!:MissingEvents* unlisted!:string* ahead!:LoanAhead* note! position!:integer evaluatedAt!:date-time",
    ),
    ("MissingEvents", "loanRequestId! ranges!:SequenceRange*"),
    ("SequenceRange", "from! to!"),
    ("LoanAhead", "loanRequestId! listed! here!"),
    ("IncompleteLoan", "loanRequestId! missing!:SequenceRange* parkedAt"),
    ("PurgedLoan", "loanRequestId! lastSequence!"),
    (
        "BlobReport",
        "pending!:BlobAmount available!:BlobAmount failed!:BlobAmount damaged!:BlobAmount stuck!:integer oldestPendingAt:date-time oldestPendingSeconds:integer position:integer failing troubled!:TroubledBlob*",
    ),
    ("LoanBlobs", "pending!:BlobAmount available!:BlobAmount failed!:BlobAmount damaged!:BlobAmount"),
    ("BlobAmount", "count!:integer bytes!:integer"),
    ("TroubledBlob", "sha256! state! reason! loanRequestIds!:string*"),
    ("CursorPagination", "limit!:integer hasMore!:boolean nextCursor!:cursor"),
    ("Health", "status! timestamp!:date-time version! database! sync! uptime! components!:HealthComponents"),
    (
        "HealthComponents",
        "source!:HealthSource log!:object readModels!:object* loans!:object events!:object erasure!:object bootstrap:HealthBootstrap completeness:HealthCompleteness blobs!:HealthBlobs accessRecords!:HealthAccessRecords",
    ),
    (
        "HealthSource",
        "state! since!:date-time synchronised!:boolean position!:integer clockSkewed!:boolean cause reason point:integer wayOut secondsSinceProofOfLife:integer secondsSinceHeartbeat:integer lagSeconds:integer head:integer behind:integer clockSkewSeconds:number clockStepSeconds:number secondsSinceClockStep:integer retentionSeconds:number outageSurvived outageSurvivedSeconds:number",
    ),
    ("HealthBootstrap", "loansDone!:integer loansExpected:integer loansMissing:integer etaSeconds:integer"),
    (
        "HealthCompleteness",
        "failing!:boolean reason asOf evaluatedAt:date-time secondsSinceEvaluation:integer complete:boolean loansMissing:integer eventsMissing:integer",
    ),
    (
        "HealthBlobs",
        "pending:BlobAmount available:BlobAmount failed:BlobAmount damaged:BlobAmount stuck:integer oldestPendingAt:date-time oldestPendingSeconds:integer position:integer failing!:boolean",
    ),
    ("HealthAccessRecords", "state! unrecordedReads!:integer pendingRows!:integer writtenUntil!:date-time"),
    ("Ready", "status! position!:integer"),
    ("Live", "status!"),
    ("KeySet", "keys!:object*"),
    ("Token", "access_token! token_type! expires_in!:integer scope!"),
    ("TokenError", "error! error_description"),
];

pub(super) fn all() -> Value {
    let mut schemas: Map<String, Value> =
        ENTITIES.iter().map(|(name, members)| ((*name).to_owned(), object(members))).collect();
    schemas.insert("TokenRequest".to_owned(), token_request());
    schemas.insert("Problem".to_owned(), problem_schema());
    Value::Object(schemas)
}

fn object(members: &str) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for member in members.split(' ') {
        let (name, kind) = member.split_once(':').unwrap_or((member, "string"));
        let bare = name.trim_end_matches('!');
        if bare != name {
            required.push(bare);
        }
        properties.insert(bare.to_owned(), if bare == name { nullable(schema(kind)) } else { schema(kind) });
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": true})
}

fn schema(kind: &str) -> Value {
    if let Some(items) = kind.strip_suffix('*') {
        return json!({"type": "array", "items": schema(items)});
    }
    match kind {
        "any" => json!({}),
        "date-time" | "date" => json!({"type": "string", "format": kind}),
        "decimal" => json!({"type": ["string", "number"], "description": "Decimal digits; text as a rule"}),
        "blobState" => json!({
            "type": "string",
            "enum": ["PENDING", "AVAILABLE", "FAILED", "DAMAGED", "ERASED", null],
            "description": "How the bytes are on this replica: its own member, in documents and task items.",
        }),
        "cursor" => json!({"type": ["string", "null"]}),
        "object" => json!({"type": "object", "additionalProperties": true}),
        name if name.starts_with(|c: char| c.is_ascii_uppercase()) => {
            json!({"$ref": format!("#/components/schemas/{name}")})
        }
        plain => json!({"type": plain}),
    }
}

/// What a client cannot rely on may be null as well as absent.
fn nullable(mut schema: Value) -> Value {
    if schema.get("$ref").is_some() {
        return json!({"anyOf": [schema, {"type": "null"}]});
    }
    let kinds = match schema.get("type") {
        Some(Value::String(kind)) => json!([kind, "null"]),
        Some(Value::Array(kinds)) if !kinds.contains(&json!("null")) => {
            kinds.iter().cloned().chain([json!("null")]).collect()
        }
        _ => return schema,
    };
    schema["type"] = kinds;
    schema
}

fn token_request() -> Value {
    let text = |description: &str| json!({"type": "string", "minLength": 1, "description": description});
    json!({
        "type": "object",
        "required": ["grant_type"],
        "properties": {
            "grant_type": {"type": "string", "const": "client_credentials"},
            "client_id": text("Here or in HTTP Basic"),
            "client_secret": text("Here or in HTTP Basic"),
            "scope": text("Names with spaces between; all of the client's when absent"),
        },
    })
}

fn problem_schema() -> Value {
    let mut schema = object("type! title! status!:integer detail! instance! requestId!");
    let mut types: Vec<String> = problem::ALL.iter().map(|k| format!("urn:continuity:problem:{}", k.code)).collect();
    types.sort_unstable();
    schema["properties"]["type"]["enum"] = types.into();
    schema
}
