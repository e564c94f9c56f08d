//! Source beside the golden reports; never compiled.

impl Cache {
    fn get(&self, key: &str) -> Option<Value> {
        self.hits.with_mut(|hits| *hits += 1);
        self.shard(key).lock().unwrap().get(key).cloned()
    }

	fn flush(&self) {
		let log = self.log.lock().unwrap();
		let shard = self.shards[0].lock().unwrap();
		log.write(&shard, self.hits.with(|hits| *hits));
	}
}
