//! Collections against a naive model: random changes, every page of every list compared.

use std::collections::BTreeMap;

use continuity_events::Parent;
use continuity_readmodel::{Projection, Snapshot, Spec};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::kept::Kept;
use crate::page::Page;
use crate::testing::Bench;

static SPEC: Spec = Spec {
    name: "things",
    version: 1,
    tables: &["things", "thing_ids", "things_whole", "things_by_tag"],
    entities: &["thing"],
};

static THINGS: Collection = Collection {
    parents: &["boxId"],
    sort: &[("rank", Meaning::Decimal), ("name", Meaning::Text)],
    added: &["parts"],
    heavy: Some(("things_whole", &["bulk"])),
    index: Some(("tag", "things_by_tag")),
    ..Collection::new("thing", "things", "thing_ids")
};

fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&THINGS] })
}

#[derive(Clone, Debug)]
enum Change {
    After(Value),
    Patch(Value),
    Gone,
    Clear,
}

/// (id, box, change)
type Step = (u8, Option<u8>, Change);

fn value() -> impl Strategy<Value = Value> {
    let rank = prop_oneof![Just(Value::Null), (0..4).prop_map(Value::from), Just(json!("1.0")), Just(json!(true))];
    let name = prop::sample::select(vec!["", "a", "b", "\u{0}", "\u{1}z", "ä"]);
    let tag = prop::option::of(prop::sample::select(vec!["red", "blue"]));
    (rank, name, tag, any::<bool>(), any::<bool>()).prop_map(|(rank, name, tag, bulk, parts)| {
        let mut value = json!({"rank": rank, "name": name});
        for (member, wanted, content) in [("bulk", bulk, json!([1])), ("parts", parts, json!("own"))] {
            if wanted {
                value[member] = content;
            }
        }
        if let Some(tag) = tag {
            value["tag"] = tag.into();
        }
        value
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let patch = prop::sample::select(vec![
        json!({"rank": 2}),
        json!({"name": null}),
        json!({"tag": "red"}),
        json!({"tag": null, "bulk": {"x": 1}}),
        json!({"bulk": null}),
    ]);
    let change = prop_oneof![
        5 => value().prop_map(Change::After),
        3 => patch.prop_map(Change::Patch),
        2 => Just(Change::Gone),
        1 => Just(Change::Clear),
    ];
    prop::collection::vec((0_u8..5, prop::option::of(0_u8..2), change), 0..40)
}

/// What the collection should hold: by id the box and, while it is there, the value.
#[derive(Default)]
struct Naive(BTreeMap<u8, (Option<u8>, Option<Value>)>);

impl Naive {
    /// Whether the step can be applied; a patch onto nothing never reaches a projection.
    fn apply(&mut self, (id, parent, change): &Step) -> bool {
        if let Change::Clear = change {
            self.0.clear();
            return true;
        }
        let there = self.0.get(id).is_some_and(|(_, value)| value.is_some());
        if matches!(change, Change::Patch(_)) && !there {
            return false;
        }
        let entry = self.0.entry(*id).or_default();
        entry.0 = parent.or(entry.0);
        match change {
            Change::After(value) => entry.1 = Some(value.clone()),
            Change::Patch(patch) => merge(entry.1.as_mut().unwrap(), patch),
            Change::Gone | Change::Clear => entry.1 = None,
        }
        entry.1.iter_mut().for_each(|value| drop(value.as_object_mut().unwrap().remove("parts")));
        true
    }

    /// Ids and values in a box, in order.
    fn listed(&self, parent: u8) -> Vec<(u8, &Value)> {
        let inside = self.0.iter().filter(|(_, (at, _))| *at == Some(parent));
        let mut listed: Vec<_> = inside.filter_map(|(id, (_, value))| Some((*id, value.as_ref()?))).collect();
        listed.sort_by_key(|(id, value)| {
            let rank = match &value["rank"] {
                Value::Number(number) => number.as_i64().unwrap(),
                Value::String(_) => 1,
                _ => -1,
            };
            (rank, value.get("name").and_then(Value::as_str).map(str::to_owned), *id)
        });
        listed
    }
}

fn merge(value: &mut Value, patch: &Value) {
    for (name, new) in patch.as_object().unwrap() {
        let members = value.as_object_mut().unwrap();
        match new {
            Value::Null => drop(members.remove(name)),
            Value::Object(_) => {
                let member = members.entry(name).or_insert_with(|| json!({}));
                if !member.is_object() {
                    *member = json!({});
                }
                merge(member, new);
            }
            new => drop(members.insert(name.clone(), new.clone())),
        }
    }
}

fn apply(model: &dyn Projection, rows: &mut Rows<'_>, (id, parent, change): &Step) {
    let text;
    let form = match change {
        Change::Clear => return model.clear("L", rows).unwrap(),
        Change::Gone => ChangeForm::Gone,
        Change::After(value) => {
            text = value.to_string();
            ChangeForm::After(&text)
        }
        Change::Patch(patch) => {
            text = patch.to_string();
            ChangeForm::Patch(&text)
        }
    };
    let parent = parent.map(|number| Parent(vec![("boxId".to_owned(), format!("box{number}"))]));
    let change = EntityChange {
        loan: "L",
        entity: "thing",
        id: &format!("t{id}"),
        parent: parent.as_ref(),
        version: 1,
        form,
        sequence: 1,
        position: 1,
        from_snapshot: false,
    };
    model.apply(&change, rows).unwrap();
}

fn list(snapshot: &Snapshot, parent: u8, page: &Page) -> (Vec<Value>, Option<Vec<u8>>, u64) {
    let rows = THINGS.list(snapshot, "L", &[&format!("box{parent}")], page, |stored, out| {
        out.extend_from_slice(serde_json::to_string(&json!([stored.id])).unwrap().trim_end_matches(']').as_bytes());
        out.push(b',');
        THINGS.write(snapshot, "L", stored, Variant::Whole, out)?;
        out.push(b']');
        Ok(())
    });
    let rows = rows.unwrap();
    let values: Vec<Value> = serde_json::from_slice(&rows.json).unwrap();
    assert_eq!(values.len(), rows.count);
    (values, rows.next, rows.total)
}

fn walk(snapshot: &Snapshot, parent: u8, limit: usize) -> Vec<Value> {
    let (mut walked, mut after) = (Vec::new(), None);
    loop {
        let (values, next, _) = list(snapshot, parent, &Page { after, limit: Some(limit), ..Page::default() });
        walked.extend(values);
        after = next;
        if after.is_none() {
            return walked;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn collections_agree_with_a_naive_model(steps in steps(), limit in 1_usize..4) {
        let (mut naive, mut bench) = (Naive::default(), Bench::new(projection()));
        for step in &steps {
            if naive.apply(step) {
                bench.commit(|model, rows| apply(model, rows, step));
            }
        }
        let snapshot = bench.snapshot();
        for parent in [0, 1] {
            let expected: Vec<_> =
                naive.listed(parent).into_iter().map(|(id, value)| json!([format!("t{id}"), value])).collect();
            let (values, next, total) = list(&snapshot, parent, &Page::default());
            prop_assert_eq!((&values, next, total), (&expected, None, expected.len() as u64));
            prop_assert_eq!(&walk(&snapshot, parent, limit), &expected);
            let (values, _, total) = list(&snapshot, parent, &Page { limit: Some(limit), ..Page::default() });
            prop_assert_eq!((values.as_slice(), total), (&expected[..limit.min(expected.len())], expected.len() as u64));
        }
        let there: Vec<_> = naive.0.values().filter_map(|(_, value)| value.as_ref()).collect();
        let having = |member: &str| there.iter().filter(|value| value.get(member).is_some()).count() as u64;
        prop_assert_eq!(snapshot.count("things").unwrap(), there.len() as u64);
        prop_assert_eq!(snapshot.count("things_whole").unwrap(), having("bulk"));
        prop_assert_eq!(snapshot.count("things_by_tag").unwrap(), having("tag"));
    }
}

#[test]
fn lists_never_show_heavy_members() {
    let mut bench = Bench::new(projection());
    let step = (1, Some(0), Change::After(json!({"bulk": 1, "rank": 1})));
    bench.commit(|model, rows| apply(model, rows, &step));
    let rows = THINGS.plain_list(&bench.snapshot(), "L", &["box0"], &Page::default()).unwrap();
    crate::testing::assert_json(rows.json, r#"[{"rank":1}]"#);
    let whole = THINGS.whole(&bench.snapshot(), "L", "t1").unwrap().unwrap();
    crate::testing::assert_json(whole, r#"{"bulk":1,"rank":1}"#);
}
