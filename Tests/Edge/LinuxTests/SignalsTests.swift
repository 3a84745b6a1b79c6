import Glibc
import Linux
import Testing

/// Signals and their mask belong to a whole process, so each test has one of its own. A signal
/// is sent to the thread that has blocked it, for the others of the test runner have not.
struct SignalsTests {
    @Test(arguments: [
        (SIGINT, "terminate"), (SIGTERM, "terminate"), (SIGHUP, "reload"),
        (SIGWINCH, "windowChanged"),
    ])
    func signalIsReadFromTheDescriptor(_ number: Int32, _ name: String) async {
        await #expect(processExitsWith: .success) { [number, name] in
            receiveEverySignal()
            let signals = try Signals()
            #expect(signals.next() == nil)
            #expect(!isReadable(signals.number))
            #expect(pthread_kill(pthread_self(), number) == 0)
            #expect(becomesReadable(signals.number))
            #expect(signals.next().map { "\($0)" } == name)
            #expect(signals.next() == nil)
            #expect(!isReadable(signals.number))
        }
    }

    @Test func pollerWakesUpForASignal() async {
        await #expect(processExitsWith: .success) {
            receiveEverySignal()
            let signals = try Signals()
            var poller = try Poller()
            try poller.set(signals.number, token: 3, readable: true, writable: false)
            #expect(pthread_kill(pthread_self(), SIGTERM) == 0)
            var tokens: [UInt64] = []
            try poller.wait(timeoutNanoseconds: 10_000_000_000) { tokens.append($0.token) }
            #expect(tokens == [3])
        }
    }

    @Test func signalsThatWaitComeOneByOne() async {
        await #expect(processExitsWith: .success) {
            receiveEverySignal()
            let signals = try Signals()
            for number in [SIGWINCH, SIGTERM, SIGHUP] {
                #expect(pthread_kill(pthread_self(), number) == 0)
            }
            // The kernel gives the lowest number first: 1, 15, 28.
            #expect(signals.next() == .reload)
            #expect(signals.next() == .terminate)
            #expect(signals.next() == .windowChanged)
            #expect(signals.next() == nil)
        }
    }

    @Test func threadMadeLaterIsNotInterruptedEither() async {
        await #expect(processExitsWith: .success) {
            receiveEverySignal()
            let signals = try Signals()
            let worker = try DiskWorker(capacity: 1)
            let job = SignallingJob()
            worker.submit(job)
            #expect(becomesReadable(worker.number))
            worker.stop()
            #expect(job.isBlocked)
            #expect(signals.next() == nil)
        }
    }

    @Test func closedPipeIsAnErrorOfWriteAndNoEnd() async {
        await #expect(processExitsWith: .success) {
            receiveEverySignal()
            let signals = try Signals()
            var numbers: [Int32] = [-1, -1]
            #expect(unsafe pipe(&numbers) == 0)
            let writing = FileDescriptor(owning: numbers[1])
            _ = FileDescriptor(owning: numbers[0])
            let error = #expect(throws: SystemError.self) {
                try FileDescriptor.write([1].span, to: writing.number, subject: "pipe")
            }
            #expect(error?.description == "write pipe: Broken pipe (errno 32)")
            #expect(signals.next() == nil)
        }
    }
}

/// Asks its own thread whether it has the program's signals blocked.
private final class SignallingJob: DiskJob, @unchecked Sendable {
    // @unchecked: read after the worker has stopped.
    private(set) var isBlocked = false

    func perform() {
        var mask = sigset_t()
        unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
        let numbers = [SIGINT, SIGTERM, SIGHUP, SIGWINCH]
        isBlocked = numbers.allSatisfy { unsafe sigismember(&mask, $0) == 1 }
    }
}
