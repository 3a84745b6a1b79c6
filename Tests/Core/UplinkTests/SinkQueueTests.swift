import TestSupport
import Testing
import Uplink

/// What a sink still owes.
struct SinkQueueTests {
    private func candidates(_ queue: borrowing SinkQueue, head: UInt64) -> [UInt64] {
        var candidates: [UInt64] = []
        while let next = queue.candidate(candidates.count, head: head) { candidates.append(next) }
        return candidates
    }

    @Test func newQueueOwesFromItsTailToTheHead() {
        let queue = SinkQueue(limit: 3, tail: 5)
        #expect(candidates(queue, head: 9) == [5, 6, 7, 8])
        #expect(candidates(queue, head: 5) == [])
        let numbers = [queue.tail, queue.sent, queue.lost, queue.acknowledged]
        #expect(numbers == [5, 5, 0, 0])
        let waiting = queue.waitingCount(head: 9)
        #expect(waiting == 4)
    }

    @Test func whatIsInFlightIsNotOfferedAgain() {
        var queue = SinkQueue(limit: 3, tail: 0)
        queue.take(3, head: 10)
        #expect(candidates(queue, head: 6) == [3, 4, 5])
        let numbers = [queue.tail, queue.sent, UInt64(queue.inFlightCount)]
        #expect(numbers == [0, 3, 3])
    }

    @Test func refusedRecordsComeFirstAndKeepTheTail() {
        var queue = SinkQueue(limit: 4, tail: 0)
        queue.take(4, head: 10)
        let refused = queue.settle { $0 == 0 || $0 == 2 }
        #expect(refused == 2)
        #expect(candidates(queue, head: 6) == [1, 3, 4, 5])
        let numbers = [queue.tail, queue.sent, queue.acknowledged, UInt64(queue.refusedCount)]
        #expect(numbers == [1, 4, 2, 2])
    }

    @Test func requestSmallerThanWhatWasRefusedKeepsTheOrder() {
        var queue = SinkQueue(limit: 4, tail: 0)
        queue.take(4, head: 4)
        _ = queue.settle { _ in false }
        queue.take(2, head: 4)
        #expect(candidates(queue, head: 5) == [2, 3, 4])
        _ = queue.settle { _ in false }
        #expect(candidates(queue, head: 5) == [0, 1, 2, 3, 4])
    }

    @Test func overwrittenRecordsAreGivenUpUnlessTheyAreInFlight() {
        var queue = SinkQueue(limit: 2, tail: 0)
        queue.take(2, head: 10)
        let gone = queue.giveUp(below: 5)
        #expect(gone == 3, "2, 3 and 4; 0 and 1 may be accepted yet")
        #expect(candidates(queue, head: 7) == [5, 6])
        _ = queue.settle { $0 == 0 }
        let late = queue.giveUp(below: 5)
        #expect(late == 1, "1 was refused")
        let numbers = [queue.lost, queue.acknowledged, queue.tail]
        #expect(numbers == [4, 1, 5])
    }

    @Test func recordsForOthersArePassedOverAndTheTailGoesOnOverThem() {
        var queue = SinkQueue(limit: 2, tail: 0)
        queue.take(of: 5, head: 6) { $0 == 1 || $0 == 3 }
        let flying = [queue.flying(0), queue.flying(1)]
        #expect(flying == [1, 3])
        let tail = queue.tail
        #expect(tail == 1)
        _ = queue.settle { $0 == 0 ? SinkQueue.Outcome.accepted : .rejected }
        let numbers = [queue.tail, queue.acknowledged, queue.rejected, queue.passed]
        #expect(numbers == [5, 1, 1, 3])
    }

    /// Where few records are for a sink, the others do not wait behind one that does.
    @Test func recordThatIsSetAsideLetsTheOthersPass() {
        var queue = SinkQueue(limit: 2, tail: 7)
        let passedBefore = queue.pass(7)
        queue.setAside(8)
        let passedBehind = queue.pass(9)
        #expect(passedBefore && passedBehind)
        #expect(candidates(queue, head: 10) == [8])
        let numbers = [queue.tail, queue.sent, queue.passed]
        #expect(numbers == [8, 10, 2])
        let gone = queue.giveUp(below: 10)
        #expect(gone == 1, "what was passed over is not lost")
    }

    @Test func fullListOfThoseSetAsideKeepsTheOrder() {
        var queue = SinkQueue(limit: 2, tail: 0)
        for sequence in 0..<4 as Range<UInt64> { queue.setAside(sequence) }
        #expect(candidates(queue, head: 4) == [0, 1, 2, 3])
        let isPassed = queue.pass(4)
        #expect(!isPassed, "2 and 3 wait before it")
        let sent = queue.sent
        #expect(sent == 2)
    }

    @Test func oneOfTheRefusedIsTriedAloneAndGoesBackToItsPlace() {
        var queue = SinkQueue(limit: 4, tail: 0)
        queue.take(4, head: 4)
        _ = queue.settle { _ in false }
        queue.takeRefused(at: 2)
        let flying = queue.flying(0)
        #expect(flying == 2)
        #expect(candidates(queue, head: 4) == [0, 1, 3])
        _ = queue.settle { _ in false }
        #expect(candidates(queue, head: 4) == [0, 1, 2, 3])
    }

    @Test func lossBeforeTheBeginningIsCounted() {
        var queue = SinkQueue(limit: 2, tail: 9)
        queue.countLost(4)
        queue.giveUpFirst()
        let numbers = [queue.lost, queue.tail]
        #expect(numbers == [5, 10])
    }

    private func acknowledged(_ queue: borrowing SinkQueue, within count: Int) -> [Int] {
        var distances: [Int] = []
        queue.forEachAcknowledged(within: count) { distances.append($0) }
        return distances
    }

    @Test func acknowledgedRecordsBehindTheTailAreNamedByTheirDistance() {
        var queue = SinkQueue(limit: 4, tail: 10)
        #expect(acknowledged(queue, within: 512) == [])
        queue.take(4, head: 20)
        #expect(acknowledged(queue, within: 512) == [], "in flight")
        _ = queue.settle { $0 != 1 }
        #expect(queue.tail == 11)
        #expect(acknowledged(queue, within: 512) == [1, 2])
        #expect(acknowledged(queue, within: 2) == [1])
    }

    @Test func restoredQueueOwesWhatWasNotAcknowledged() {
        var queue = SinkQueue(limit: 2, tail: 10, rememberedCount: 8)
        queue.restore(5) { $0 == 1 || $0 == 4 }
        #expect(candidates(queue, head: 17) == [10, 12, 13, 15, 16])
        let numbers = [queue.tail, queue.sent, queue.acknowledged, queue.lost]
        #expect(numbers == [10, 15, 0, 0])
        queue.take(2, head: 17)
        _ = queue.settle { _ in false }
        #expect(candidates(queue, head: 17) == [10, 12, 13, 15, 16])
        #expect(acknowledged(queue, within: 8) == [1, 4])
    }

    @Test func whatIsLeftBehindWaitsBehindWhatIsFresh() {
        var queue = SinkQueue(limit: 3, tail: 0)
        let isLeft = queue.leave(upTo: 7)
        #expect(isLeft)
        queue.part = .fresh
        #expect(candidates(queue, head: 10) == [7, 8, 9])
        queue.part = .backlog
        #expect(candidates(queue, head: 10) == [0, 1, 2, 3, 4, 5, 6])
        queue.part = .all
        #expect(candidates(queue, head: 10) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        queue.part = .fresh
        queue.take(3, head: 10)
        _ = queue.settle { $0 != 1 }
        #expect(candidates(queue, head: 11) == [8, 10], "refused, it goes with the next fresh")
        let run = queue.longestSettledRun(from: 3)
        #expect(run == 7..<8)
        let numbers = [queue.tail, queue.sent, queue.leftCount, queue.waitingCount(head: 11)]
        #expect(numbers == [0, 10, 7, 9])
        let gone = queue.giveUp(below: 9)
        #expect(gone == 8, "7 was accepted")
        #expect(queue.tail == 10)
    }

    @Test func moreOutagesThanStretchesAreLeftInOrder() {
        var queue = SinkQueue(limit: 3, tail: 0)
        queue.part = .fresh
        var head: UInt64 = 0
        for outage in 0...SinkQueue.stretchLimit {
            head += 10
            let isLeft = queue.leave(upTo: head - 2)
            #expect(isLeft == (outage < SinkQueue.stretchLimit))
            queue.take(2, head: head)
            _ = queue.settle { _ in true }
        }
        #expect(queue.leftCount == UInt64(8 * SinkQueue.stretchLimit))
    }

    /// Everything the queue says of itself after every operation, against plain lists.
    @Test func randomOperationsAgreeWithTheModel() {
        var random = SeededRandom()
        var operations = 0
        while operations < 120_000 {
            let limit = Int.random(in: 1...9, using: &random)
            let tail = UInt64.random(in: 0...3, using: &random) * 1_000_000_007
            let restored = Int.random(in: 0...12, using: &random)
            let had = (0..<restored).map { _ in Bool.random(using: &random) }
            var queue = SinkQueue(limit: limit, tail: tail, rememberedCount: 12)
            queue.restore(restored) { had[$0] }
            let head = tail + UInt64(restored)
            let waiting = zip(tail..<head, had).filter { !$1 }.map { $0.0 }
            var model = SinkQueueModel(waiting: waiting, head: head)
            model.sent = head
            if Bool.random(using: &random) { restoreRun(&queue, &model, &random) }
            for _ in 0..<400 {
                let agree = step(&queue, &model, &random)
                operations += 1
                model.sent = queue.sent
                guard agree, isSame(queue, model) else {
                    Issue.record("operation \(operations): \(model)")
                    return
                }
            }
            let done = model.acknowledged + model.rejected + model.passed
            #expect(Set(done).count == done.count, "none twice")
            let owed = model.waiting.count + model.inFlight.count + model.left.joined().count
            let hadCount = UInt64(had.count { $0 }) + model.hadRun
            #expect(
                UInt64(done.count) + model.lost + UInt64(owed) == model.head - tail - hadCount)
        }
        print("sink queue: \(operations) operations")
    }

    /// Behind what was restored one by one, a run of records that the sink has.
    private func restoreRun(
        _ queue: inout SinkQueue, _ model: inout SinkQueueModel, _ random: inout SeededRandom
    ) {
        let first = model.head + UInt64.random(in: 0...9, using: &random)
        let end = first + UInt64.random(in: 1...9, using: &random)
        queue.restore(run: first..<end)
        if model.head < first { model.left.append(Array(model.head..<first)) }
        model.hadRun = end - first
        model.head = end
        model.sent = end
    }

    /// One random operation on both. Answers whether they answered the same.
    private func step(
        _ queue: inout SinkQueue, _ model: inout SinkQueueModel, _ random: inout SeededRandom
    ) -> Bool {
        if !model.inFlight.isEmpty || queue.refusedCount > 0 {
            queue.part = queue.refusedCount > 0 && queue.part == .backlog ? .fresh : queue.part
        } else {
            queue.part = [.all, .fresh, .backlog].randomElement(using: &random) ?? .all
        }
        model.part = queue.part
        let candidates = model.candidates
        switch Int.random(in: 0..<16, using: &random) {
        case 14, 15:
            guard queue.sent < model.head else { break }
            let end = UInt64.random(in: queue.sent + 1...model.head, using: &random)
            return queue.leave(upTo: end) == model.leave(upTo: end)
        case 0..<3:
            model.arrive(UInt64.random(in: 0...6, using: &random))
        case 10: return arriveOne(&queue, &model, isFor: Bool.random(using: &random))
        case 11 where model.inFlight.isEmpty && !candidates.isEmpty:
            let places = (0..<Int.random(in: 1...candidates.count, using: &random)).map { _ in
                Bool.random(using: &random)
            }
            guard places.count(where: \.self) <= queue.limit else { break }
            queue.take(of: places.count, head: model.head) { places[$0] }
            model.take(places)
        case 12 where model.inFlight.isEmpty && queue.refusedCount > 0:
            let place = Int.random(in: 0..<queue.refusedCount, using: &random)
            queue.takeRefused(at: place)
            model.takeAlone(place)
        case 13 where !candidates.isEmpty:
            queue.passFirst()
            model.passFirst()
        case 3..<6 where model.inFlight.isEmpty && !candidates.isEmpty:
            let most = min(queue.limit, candidates.count)
            let count = Int.random(in: 1...most, using: &random)
            queue.take(count, head: model.head)
            model.take(count)
        case 6..<8:
            let outcomes = model.inFlight.map { _ in
                [SinkQueue.Outcome.accepted, .again, .rejected].randomElement(using: &random)
                    ?? .again
            }
            return queue.settle { outcomes[$0] } == model.settle(outcomes)
        case 8 where !candidates.isEmpty:
            queue.giveUpFirst()
            model.giveUpFirst()
        case 9:
            let oldest = min(model.head, model.tail + UInt64.random(in: 0...4, using: &random))
            return queue.giveUp(below: oldest) == model.giveUp(below: oldest)
        default: break
        }
        return true
    }

    /// One record more, which is for the sink or not, and is dealt with at once where it can be.
    private func arriveOne(
        _ queue: inout SinkQueue, _ model: inout SinkQueueModel, isFor: Bool
    ) -> Bool {
        let sequence = model.head
        let isNext = queue.sent == sequence
        model.arrive(1)
        if isFor {
            queue.setAside(sequence)
            return true
        }
        let isPassed = queue.pass(sequence)
        if isPassed {
            model.waiting.removeLast()
            model.passed.append(sequence)
        }
        return isPassed == isNext
    }

    private func isSame(_ queue: borrowing SinkQueue, _ model: SinkQueueModel) -> Bool {
        let left = model.left.joined()
        return candidates(queue, head: model.head) == model.candidates
            && queue.freshCount(head: model.head) == UInt64(model.waiting.count)
            && queue.leftCount == UInt64(left.count)
            && queue.waitingCount(head: model.head) == UInt64(model.waiting.count + left.count)
            && queue.oldestCandidate(head: model.head)
                == [model.waiting.first, left.first].compactMap(\.self).min()
            && queue.longestSettledRun(from: queue.tail + 3).count
                == model.longestSettledRun(from: model.tail + 3)
            && (0...3 as ClosedRange<UInt64>).allSatisfy { past in
                let isOwed = (model.waiting + model.inFlight + left).contains(model.tail + past)
                let isSettled = model.tail + past < queue.sent && !isOwed
                return queue.isSettled(model.tail + past) == isSettled
            }
            && queue.inFlightCount == model.inFlight.count
            && acknowledged(queue, within: 12)
                == model.settledDistances(sent: queue.sent, within: 12)
            && queue.acknowledged == UInt64(model.acknowledged.count)
            && queue.rejected == UInt64(model.rejected.count)
            && queue.passed == UInt64(model.passed.count)
            && queue.lost == model.lost
            && queue.tail == model.tail
            && (0...4 as ClosedRange<UInt64>).allSatisfy { past in
                let oldest = model.tail + past
                return queue.owedCount(oldest: oldest, head: model.head)
                    == UInt64((model.waiting + model.inFlight + left).count { $0 >= oldest })
            }
            && queue.tail <= queue.sent && queue.sent <= model.head
    }
}
