import Glibc
import Linux
import Testing
import Time

struct PollerTests {
    /// Waits as long as it takes (ten seconds at most) and says what happened, by token.
    private func events(
        _ poller: inout Poller, within nanoseconds: Int64? = 10_000_000_000
    ) throws(SystemError) -> [UInt64: String] {
        var events: [UInt64: String] = [:]
        try poller.wait(timeoutNanoseconds: nanoseconds) { event in
            let words = [
                event.readable ? "readable" : nil, event.writable ? "writable" : nil,
                event.failed ? "failed" : nil,
            ]
            events[event.token] = words.compactMap { $0 }.joined(separator: ", ")
        }
        return events
    }

    @Test func pipeWithBytesIsReadableUntilTheyAreRead() throws {
        let pipe = PipePair()
        var poller = try Poller()
        try poller.set(pipe.reading.number, token: 7, readable: true, writable: false)
        #expect(try events(&poller, within: 0) == [:])
        try pipe.send("x")
        #expect(try events(&poller) == [7: "readable"])
        #expect(try events(&poller) == [7: "readable"], "level-triggered")
        #expect(try pipe.receive(atMost: 8) == "x")
        #expect(try events(&poller, within: 0) == [:])
    }

    @Test func emptyPipeIsWritable() throws {
        let pipe = PipePair()
        var poller = try Poller()
        try poller.set(pipe.writingNumber, token: .max, readable: false, writable: true)
        #expect(try events(&poller) == [.max: "writable"])
    }

    @Test func pipeWhoseWriterHasGoneHasFailed() throws {
        let pipe = PipePair()
        var poller = try Poller()
        try poller.set(pipe.reading.number, token: 1, readable: true, writable: false)
        try pipe.send("x")
        pipe.closeWriting()
        #expect(try events(&poller) == [1: "readable, failed"])
    }

    @Test func failureIsToldEvenWhereNothingIsAskedFor() throws {
        let pipe = PipePair()
        var poller = try Poller()
        try poller.set(pipe.reading.number, token: 1, readable: false, writable: false)
        try pipe.send("x")
        #expect(try events(&poller, within: 0) == [:])
        pipe.closeWriting()
        #expect(try events(&poller) == [1: "failed"])
    }

    @Test func laterSetChangesWhatIsWatchedForAndTheToken() throws {
        var numbers: [Int32] = [-1, -1]
        #expect(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &numbers) == 0)
        let ours = FileDescriptor(owning: numbers[0])
        let theirs = FileDescriptor(owning: numbers[1])
        try theirs.write([1].span, subject: "socket")
        var poller = try Poller()
        try poller.set(ours.number, token: 1, readable: true, writable: true)
        #expect(try events(&poller) == [1: "readable, writable"])
        try poller.set(ours.number, token: 2, readable: false, writable: true)
        #expect(try events(&poller) == [2: "writable"])
        try poller.set(ours.number, token: 3, readable: true, writable: false)
        #expect(try events(&poller) == [3: "readable"])
    }

    @Test func removedDescriptorIsSilentAndMayComeBack() throws {
        let pipe = PipePair()
        var poller = try Poller()
        try poller.set(pipe.reading.number, token: 1, readable: true, writable: false)
        try pipe.send("x")
        poller.remove(pipe.reading.number)
        pipe.closeWriting()
        #expect(try events(&poller, within: 0) == [:])
        poller.remove(pipe.reading.number)
        poller.remove(1_000_000)
        try poller.set(pipe.reading.number, token: 2, readable: true, writable: false)
        #expect(try events(&poller) == [2: "readable, failed"])
    }

    @Test func closedDescriptorLeavesByItself() throws {
        var poller = try Poller()
        do {
            let pipe = PipePair()
            try poller.set(pipe.reading.number, token: 1, readable: true, writable: false)
            try pipe.send("x")
        }
        #expect(try events(&poller, within: 0) == [:])
    }

    @Test func numberThatIsNoDescriptorIsAnError() throws {
        let poller = try Poller()
        let error = #expect(throws: SystemError.self) {
            try poller.set(1_000_000, token: 1, readable: true, writable: false)
        }
        #expect(
            error?.description == "epoll_ctl descriptor 1000000: Bad file descriptor (errno 9)")
    }

    @Test func fileOnDiskCannotBeWaitedFor() throws {
        let folder = try TemporaryFolder()
        let file = try FileDescriptor.open(folder.file("a"), .createReadWrite)
        let poller = try Poller()
        #expect(
            throws: SystemError(
                call: "epoll_ctl", subject: "descriptor \(file.number)", number: EPERM)
        ) { try poller.set(file.number, token: 1, readable: true, writable: false) }
    }

    @Test func pollerInAPollerIsReadableWhenItsOwnAre() throws {
        let pipe = PipePair()
        var inner = try Poller()
        var outer = try Poller()
        try inner.set(pipe.reading.number, token: 1, readable: true, writable: false)
        try outer.set(inner.number, token: 2, readable: true, writable: false)
        #expect(try events(&outer, within: 0) == [:])
        try pipe.send("x")
        #expect(try events(&outer) == [2: "readable"])
        #expect(try events(&inner) == [1: "readable"])
        #expect(try pipe.receive(atMost: 8) == "x")
        #expect(try events(&outer, within: 0) == [:])
    }

    @Test func eventsBeyondOneWaitComeWithTheNext() throws {
        var poller = try Poller()
        let pipes = (0..<40).map { _ in PipePair() }
        for (token, pipe) in pipes.enumerated() {
            try poller.set(
                pipe.reading.number, token: UInt64(token), readable: true, writable: false)
            try pipe.send("x")
        }
        // Without it the optimizer may close the pipes after their last use above.
        try withExtendedLifetime(pipes) {
            let first = try events(&poller)
            #expect(first.count == 32)
            let second = try events(&poller)
            #expect(Set(first.keys).union(second.keys) == Set((0..<40).map { UInt64($0) }))
        }
    }

    /// The descriptor is ready, so that no wait lasts; what is asked is whether the longest times
    /// can be said at all.
    @Test(arguments: [nil, Int64.max, .max - 1, 1, 0, -1, .min])
    func anyTimeOutIsTaken(_ nanoseconds: Int64?) throws {
        let pipe = PipePair()
        try pipe.send("x")
        var poller = try Poller()
        try poller.set(pipe.reading.number, token: 7, readable: true, writable: false)
        #expect(try events(&poller, within: nanoseconds) == [7: "readable"])
    }

    @Test func waitLastsItsTimeOutAtLeast() throws {
        var poller = try Poller()
        for nanoseconds in [Int64(1), 1_000_000, 1_500_000] {
            let before = Clock.now().monotonicNanoseconds
            #expect(try events(&poller, within: nanoseconds) == [:])
            #expect(Clock.now().monotonicNanoseconds - before >= nanoseconds)
        }
    }
}
