mirror_tests! {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use sync::Barrier;

    static PAIR: Barrier = Barrier::new(2);

    #[test]
    fn serves_in_a_static() {
        thread::scope(|scope| {
            scope.spawn(|| PAIR.wait());
            PAIR.wait();
        });
    }

    #[test]
    fn every_generation_has_one_leader_and_all_its_arrivals() {
        const THREADS: usize = 4;
        const GENERATIONS: usize = 200;
        let barrier = Barrier::new(THREADS);
        let arrived = AtomicUsize::new(0);
        let leaders = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for generation in 1..=GENERATIONS {
                        arrived.fetch_add(1, Ordering::Relaxed);
                        let result = barrier.wait();
                        assert!(arrived.load(Ordering::Relaxed) >= generation * THREADS);
                        leaders.fetch_add(usize::from(result.is_leader()), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(leaders.into_inner(), GENERATIONS);
    }

    #[test]
    fn one_and_none_do_not_wait() {
        for parties in [0, 1] {
            let barrier = Barrier::new(parties);
            for _ in 0..3 {
                assert!(barrier.wait().is_leader());
            }
        }
    }

    #[test]
    fn has_the_same_bounds() {
        fn is_all<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
        is_all::<Barrier>();
        let barrier = Barrier::new(1);
        assert_eq!(format!("{barrier:?}"), "Barrier { .. }");
        assert_eq!(format!("{:?}", barrier.wait()), "BarrierWaitResult { is_leader: true }");
    }
}
