//! Ids: each object gets one, and no other has it.

use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::models::log;

#[test]
fn each_object_has_an_id_of_its_own() {
    loom::model(|| {
        log::begin();
        let objects = Arc::new([Object::new(), Object::new()]);
        // Touches what the threads share.
        assert!(objects.iter().all(|object| object.drawn() == 0));
        let threads = [[0, 1], [1, 0]].map(|order| {
            let objects = objects.clone();
            thread::spawn(move || order.map(|of| objects[of].id(ObjectKind::Mutex)))
        });
        let [first, second] = threads.map(|thread| thread.join().expect("no law is broken"));
        assert_eq!(first, [second[1], second[0]]);
        assert_ne!(first[0], first[1]);
        assert!(first.iter().all(|id| *id < 2));
    });
}
