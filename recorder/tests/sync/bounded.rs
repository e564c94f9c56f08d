mirror_tests! {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use sync::mpsc::{
        RecvTimeoutError, SendError, SyncSender, TryRecvError, TrySendError, sync_channel,
    };

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn brings_each_senders_values_in_order() {
        for capacity in [0, 1, 3, 64] {
            let (sender, receiver) = sync_channel(capacity);
            let senders: Vec<_> = (0..4_u64)
                .map(|id| {
                    let sender = sender.clone();
                    thread::spawn(move || {
                        for k in 0..300_u64 {
                            sender.send((id, k)).unwrap();
                        }
                    })
                })
                .collect();
            drop(sender);
            let mut next = [0; 4];
            for (id, k) in receiver {
                assert_eq!(next[id as usize], k);
                next[id as usize] += 1;
            }
            assert_eq!(next, [300; 4]);
            for sender in senders {
                sender.join().unwrap();
            }
        }
    }

    #[test]
    fn is_full_at_its_capacity() {
        let (sender, receiver) = sync_channel(2);
        sender.send(1).unwrap();
        sender.try_send(2).unwrap();
        assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)));
        assert_eq!(receiver.try_recv(), Ok(1));
        sender.try_send(3).unwrap();
        assert_eq!(receiver.recv(), Ok(2));
        assert_eq!(receiver.recv_timeout(LONG), Ok(3));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
        assert_eq!(receiver.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
        drop(sender);
        assert_eq!(receiver.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        assert!(receiver.recv().is_err());
    }

    #[test]
    fn a_full_one_blocks_until_there_is_room() {
        let (sender, receiver) = sync_channel(1);
        let sent = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&sent);
        let sends = thread::spawn(move || {
            for value in 0..10 {
                sender.send(value).unwrap();
                counts.fetch_add(1, Ordering::Relaxed);
            }
        });
        for value in 0..10 {
            assert!(sent.load(Ordering::Relaxed) <= value + 1);
            assert_eq!(receiver.recv(), Ok(value));
        }
        sends.join().unwrap();
    }

    #[test]
    fn a_rendezvous_needs_a_waiting_receiver() {
        let (sender, receiver) = sync_channel(0);
        assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        let waits = thread::spawn(move || (receiver.recv(), receiver.recv_timeout(LONG)));
        let mut value = 1;
        while value <= 2 {
            match sender.try_send(value) {
                Ok(()) => value += 1,
                Err(TrySendError::Full(_)) => thread::yield_now(),
                Err(TrySendError::Disconnected(_)) => panic!("the receiver waits"),
            }
        }
        assert_eq!(waits.join().unwrap(), (Ok(1), Ok(2)));
        assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)));
    }

    #[test]
    fn a_rendezvous_gives_to_one_that_tries() {
        let (sender, receiver) = sync_channel(0);
        let sends = thread::spawn(move || sender.send(7));
        let value = loop {
            match receiver.try_recv() {
                Ok(value) => break value,
                Err(TryRecvError::Empty) => thread::yield_now(),
                Err(TryRecvError::Disconnected) => panic!("the sender waits"),
            }
        };
        assert_eq!(value, 7);
        assert_eq!(sends.join().unwrap(), Ok(()));
    }

    #[test]
    fn gives_back_what_nobody_receives() {
        let (sender, receiver) = sync_channel(1);
        drop(receiver);
        assert_eq!(sender.send("a"), Err(SendError("a")));
        assert_eq!(sender.try_send("b"), Err(TrySendError::Disconnected("b")));
    }

    #[test]
    fn blocked_senders_get_their_values_back() {
        for capacity in [0, 2] {
            let (sender, receiver) = sync_channel(capacity);
            for value in 0..capacity {
                sender.send(value).unwrap();
            }
            let blocked: Vec<_> = (10..14)
                .map(|value| {
                    let sender = sender.clone();
                    thread::spawn(move || sender.send(value))
                })
                .collect();
            // Some may block before the receiver goes, some come after it.
            thread::yield_now();
            drop(receiver);
            for (value, thread) in (10..14).zip(blocked) {
                assert_eq!(thread.join().unwrap(), Err(SendError(value)));
            }
        }
    }

    #[test]
    fn values_left_are_dropped_with_the_receiver() {
        struct Counts(Arc<AtomicUsize>);
        impl Drop for Counts {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = sync_channel(3);
        for _ in 0..3 {
            sender.send(Counts(Arc::clone(&dropped))).unwrap();
        }
        drop(receiver.recv().unwrap());
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
        drop(receiver);
        assert_eq!(dropped.load(Ordering::Relaxed), 3);
        assert!(sender.send(Counts(Arc::clone(&dropped))).is_err());
        assert_eq!(dropped.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn values_left_are_received_after_the_senders_are_gone() {
        let (sender, receiver) = sync_channel(3);
        sender.send(1).unwrap();
        sender.clone().send(2).unwrap();
        drop(sender);
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(receiver.try_iter().next(), None);
    }

    #[test]
    fn a_waiting_receiver_sees_the_end() {
        let (sender, receiver) = sync_channel::<u8>(1);
        let waits = thread::spawn(move || receiver.recv());
        thread::yield_now();
        drop(sender);
        assert!(waits.join().unwrap().is_err());
    }

    #[test]
    fn a_huge_bound_is_only_a_bound() {
        let (sender, receiver) = sync_channel(1 << 16);
        sender.send(1).unwrap();
        assert_eq!(receiver.recv(), Ok(1));
    }

    #[test]
    fn has_the_same_bounds() {
        fn is_send<T: Send>() {}
        fn is_sync<T: Sync>() {}
        fn is_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
        is_send::<SyncSender<std::cell::Cell<u8>>>();
        is_sync::<SyncSender<std::cell::Cell<u8>>>();
        is_unwind_safe::<SyncSender<u8>>();
        let (sender, _receiver) = sync_channel::<u8>(1);
        assert_eq!(format!("{sender:?}"), "SyncSender { .. }");
    }
}
