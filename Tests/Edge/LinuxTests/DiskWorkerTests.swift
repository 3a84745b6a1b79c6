import Foundation
import Linux
import Testing

struct DiskWorkerTests {
    @Test func finishedJobMakesTheDescriptorReadableAndComesBack() throws {
        let worker = try DiskWorker(capacity: 1)
        defer { worker.stop() }
        #expect(!isReadable(worker.number))
        #expect(worker.nextFinished() == nil)
        let job = CountingJob(Journal(), 1)
        worker.submit(job)
        #expect(becomesReadable(worker.number))
        #expect(worker.nextFinished() === job)
        #expect(worker.nextFinished() == nil)
        #expect(!isReadable(worker.number))
    }

    @Test func jobsRunOneByOneInTheOrderOfSubmit() throws {
        let worker = try DiskWorker(capacity: 100)
        let journal = Journal()
        let jobs = (0..<100).map { CountingJob(journal, $0) }
        for job in jobs { worker.submit(job) }
        var finished: [Int] = []
        while finished.count < 100, becomesReadable(worker.number) {
            while let job = worker.nextFinished() as? CountingJob { finished.append(job.number) }
        }
        worker.stop()
        #expect(journal.numbers == Array(0..<100))
        #expect(finished == Array(0..<100))
    }

    @Test func jobIsUsedAgainAndAgain() throws {
        let worker = try DiskWorker(capacity: 1)
        let journal = Journal()
        let job = CountingJob(journal, 5)
        for _ in 0..<100 {
            worker.submit(job)
            #expect(becomesReadable(worker.number))
            #expect(worker.nextFinished() === job)
        }
        worker.stop()
        #expect(journal.numbers == Array(repeating: 5, count: 100))
    }

    @Test func jobThatWaitsForTheCardHoldsNobodyUp() throws {
        let worker = try DiskWorker(capacity: 2)
        let journal = Journal()
        let slow = BlockedJob()
        let quick = CountingJob(journal, 1)
        worker.submit(slow)
        slow.hasBegun.wait()
        // The card hangs from here to `release`. What follows would hang with it.
        worker.submit(quick)
        #expect(worker.nextFinished() == nil)
        #expect(!isReadable(worker.number))
        #expect(journal.numbers == [])
        slow.release.signal()
        #expect(becomesReadable(worker.number))
        worker.stop()
        #expect(worker.nextFinished() === slow)
        #expect(worker.nextFinished() === quick)
        #expect(worker.nextFinished() == nil)
    }

    @Test func stopFinishesWhatWasSubmitted() throws {
        let worker = try DiskWorker(capacity: 21)
        let journal = Journal()
        let slow = BlockedJob()
        worker.submit(slow)
        slow.hasBegun.wait()
        for number in 0..<20 { worker.submit(CountingJob(journal, number)) }
        slow.release.signal()
        worker.stop()
        #expect(journal.numbers == Array(0..<20))
        var count = 0
        while worker.nextFinished() != nil { count += 1 }
        #expect(count == 21)
    }

    @Test func stopWithNothingToDoEndsAtOnce() throws {
        let worker = try DiskWorker(capacity: 1)
        worker.stop()
        #expect(worker.nextFinished() == nil)
    }

    @Test func stoppedWorkerKeepsNoJob() throws {
        let worker = try DiskWorker(capacity: 1)
        weak var job: CountingJob?
        do {
            let submitted = CountingJob(Journal(), 1)
            job = submitted
            worker.submit(submitted)
        }
        worker.stop()
        #expect(worker.nextFinished() != nil)
        #expect(job == nil)
    }
}

/// What ran, in order.
private final class Journal: @unchecked Sendable {
    // @unchecked: the lock guards `entries`.
    private let lock = NSLock()
    private var entries: [Int] = []

    var numbers: [Int] { lock.withLock { entries } }

    func append(_ number: Int) { lock.withLock { entries.append(number) } }
}

private final class CountingJob: DiskJob {
    let number: Int
    private let journal: Journal

    init(_ journal: Journal, _ number: Int) {
        self.journal = journal
        self.number = number
    }

    func perform() { journal.append(number) }
}

/// A card that hangs until it is released.
private final class BlockedJob: DiskJob {
    let hasBegun = DispatchSemaphore(value: 0)
    let release = DispatchSemaphore(value: 0)

    func perform() {
        hasBegun.signal()
        release.wait()
    }
}
