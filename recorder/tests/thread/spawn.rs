//! Spawning, joining, names, ids.

mirror_tests! {
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    #[test]
    fn a_closure_runs_and_its_value_is_joined() {
        let text = String::from("moved");
        let handle = thread::spawn(move || text + " back");
        assert_eq!(handle.join().unwrap(), "moved back");
    }

    #[test]
    fn a_panic_is_the_result_of_the_join() {
        let handle = thread::spawn(|| std::panic::resume_unwind(Box::new(7)));
        assert_eq!(*handle.join().unwrap_err().downcast::<i32>().unwrap(), 7);
    }

    #[test]
    fn names_and_ids_are_those_of_the_thread() {
        let builder = thread::Builder::new().name("named".into()).stack_size(1 << 20);
        let handle = builder
            .spawn(|| {
                let current = thread::current();
                assert_eq!(current.name(), Some("named"));
                assert_eq!(std::thread::current().name(), Some("named"));
                current.id()
            })
            .unwrap();
        assert_eq!(handle.thread().name(), Some("named"));
        let id = handle.thread().id();
        let clone = handle.thread().clone();
        assert_eq!(handle.join().unwrap(), id);
        assert_eq!(clone.id(), id);
        assert_ne!(thread::current().id(), id);
        assert_eq!(thread::current().id(), std::thread::current().id());
        assert!(format!("{clone:?}").contains("named"));
    }

    #[test]
    fn a_nul_in_the_name_panics_as_stds() {
        let builder = thread::Builder::new().name("a\0b".into());
        assert!(std::panic::catch_unwind(|| builder.spawn(|| ())).is_err());
    }

    #[test]
    fn it_is_finished_when_it_is() {
        let (go, wait) = channel::<()>();
        let handle = thread::spawn(move || wait.recv());
        assert!(!handle.is_finished());
        assert!(format!("{handle:?}").starts_with("JoinHandle"));
        drop(go);
        while !handle.is_finished() {
            thread::yield_now();
        }
        assert!(handle.join().unwrap().is_err());
    }

    #[test]
    fn a_thread_goes_on_without_its_handle() {
        let (done, wait) = channel();
        drop(thread::spawn(move || done.send(3)));
        assert_eq!(wait.recv(), Ok(3));
    }

    #[test]
    fn sleep_takes_its_time() {
        let start = Instant::now();
        thread::sleep(Duration::from_millis(5));
        assert!(start.elapsed() >= Duration::from_millis(5));
    }

    #[test]
    fn the_rest_is_there() {
        assert!(thread::available_parallelism().unwrap().get() > 0);
        assert!(!thread::panicking());
        thread_local!(static VALUE: std::cell::Cell<u8> = const { std::cell::Cell::new(4) });
        let key: &'static thread::LocalKey<std::cell::Cell<u8>> = &VALUE;
        let value: Result<u8, thread::AccessError> = key.try_with(std::cell::Cell::get);
        assert_eq!(value.unwrap(), 4);
        let joined: thread::Result<u8> = thread::spawn(|| 1).join();
        assert_eq!(joined.unwrap(), 1);
        let _: thread::ThreadId = thread::current().id();
    }

    #[test]
    fn a_handle_outlives_thread_locals() {
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                thread::current().unpark();
                thread::park();
            }
        }
        thread_local!(static LATE: Late = const { Late });
        thread::spawn(|| LATE.with(|_| thread::current().id())).join().unwrap();
    }

    #[test]
    fn the_types_are_send_and_sync_as_stds() {
        fn both<T: Send + Sync>() {}
        both::<thread::Thread>();
        both::<thread::JoinHandle<u8>>();
        both::<thread::ScopedJoinHandle<'static, u8>>();
        both::<thread::Builder>();
        both::<thread::Scope<'static, 'static>>();
    }
}
