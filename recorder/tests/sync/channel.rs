mirror_tests! {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use sync::mpsc::{
        Receiver, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError, channel,
    };

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn brings_each_senders_values_in_order() {
        let (sender, receiver) = channel();
        let senders: Vec<_> = (0..4_u64)
            .map(|id| {
                let sender = sender.clone();
                thread::spawn(move || {
                    for k in 0..500_u64 {
                        sender.send((id, k)).unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        let mut next = [0; 4];
        for (id, k) in &receiver {
            assert_eq!(next[id as usize], k);
            next[id as usize] += 1;
        }
        assert_eq!(next, [500; 4]);
        assert_eq!(receiver.recv(), Err(RecvError));
        for sender in senders {
            sender.join().unwrap();
        }
    }

    #[test]
    fn tells_empty_from_disconnected() {
        let (sender, receiver) = channel();
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        sender.send(3).unwrap();
        drop(sender);
        assert_eq!(receiver.try_recv(), Ok(1));
        assert_eq!(receiver.recv_timeout(LONG), Ok(2));
        assert_eq!(receiver.recv(), Ok(3));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(receiver.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn gives_back_what_nobody_receives() {
        let (sender, receiver) = channel();
        drop(receiver);
        assert_eq!(sender.send("a"), Err(SendError("a")));
    }

    #[test]
    fn a_receiver_is_woken() {
        let (sender, receiver) = channel();
        let waits = thread::spawn(move || {
            let values = (receiver.recv(), receiver.recv_timeout(LONG), receiver.recv());
            (values, receiver.recv_timeout(LONG))
        });
        for value in 1..=3 {
            thread::yield_now();
            sender.send(value).unwrap();
        }
        drop(sender);
        let (values, end) = waits.join().unwrap();
        assert_eq!(values, (Ok(1), Ok(2), Ok(3)));
        assert_eq!(end, Err(RecvTimeoutError::Disconnected));
    }

    /// Wherever the receiver goes, every value is dropped once.
    #[test]
    fn values_are_dropped_once() {
        struct Counts(Arc<AtomicUsize>);
        impl Drop for Counts {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        for left in 0..150 {
            let dropped = Arc::new(AtomicUsize::new(0));
            let (sender, receiver) = channel();
            let senders: Vec<_> = (0..2)
                .map(|_| {
                    let (sender, dropped) = (sender.clone(), Arc::clone(&dropped));
                    thread::spawn(move || {
                        for _ in 0..100 {
                            let _ = sender.send(Counts(Arc::clone(&dropped)));
                        }
                    })
                })
                .collect();
            receiver.iter().take(left).for_each(drop);
            drop(receiver);
            for sender in senders {
                sender.join().unwrap();
            }
            assert_eq!(dropped.load(Ordering::Relaxed), 200);
        }
    }

    #[test]
    fn a_panic_in_a_destructor_leaves_no_value() {
        struct Panics(bool, Arc<AtomicUsize>);
        impl Drop for Panics {
            fn drop(&mut self) {
                self.1.fetch_add(1, Ordering::Relaxed);
                assert!(!self.0, "it is to panic");
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = channel();
        for k in 0..70 {
            sender.send(Panics(k == 40, Arc::clone(&dropped))).unwrap();
        }
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(receiver)));
        assert!(result.is_err());
        drop(sender);
        // Std's leaves some of them.
        assert!((41..=70).contains(&dropped.load(Ordering::Relaxed)));
    }

    #[test]
    fn is_iterated() {
        let (sender, receiver) = channel();
        for value in 0..6 {
            sender.send(value).unwrap();
        }
        assert_eq!(receiver.iter().take(2).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [2, 3, 4, 5]);
        sender.send(6).unwrap();
        drop(sender);
        assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [6]);
    }

    #[test]
    fn is_shown() {
        let (sender, receiver) = channel::<u8>();
        assert_eq!(format!("{sender:?} {receiver:?}"), "Sender { .. } Receiver { .. }");
    }

    #[test]
    fn has_the_same_bounds() {
        fn is_send<T: Send>() {}
        fn is_sync<T: Sync>() {}
        fn is_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
        is_send::<Sender<std::cell::Cell<u8>>>();
        is_sync::<Sender<std::cell::Cell<u8>>>();
        is_send::<Receiver<std::cell::Cell<u8>>>();
        is_unwind_safe::<Sender<u8>>();
        is_unwind_safe::<Receiver<u8>>();
    }
}
