import Gateway
import RecordRing
import Testing
import Uplink
import Vitals

/// What is refused for good becomes an error record, and goes to the sinks that take errors.
struct RejectionTests {
    private func sink(_ bench: borrowing Bench, _ index: Int = 0) -> Sink {
        bench.gateway.sinks[index]
    }

    /// Sends the request of `sink` that is due, passing over writes; answers its lines.
    private func send(_ bench: inout Bench, sink: Int = 0) -> [String] {
        for _ in 0..<150 {
            for action in bench.actions(after: second) {
                if bench.written(action) != nil { continue }
                if action == .send(sink: sink) { return bench.request(sink: sink) }
                // Others are told that they are not reached.
                if case .send(let other) = action {
                    bench.gateway.sinkFailed(sink: other, now: bench.now)
                }
            }
        }
        return []
    }

    private func rejected(_ reports: [Report]) -> [Report] {
        reports.filter {
            switch $0 {
            case .recordsRejected, .errorRejected, .requestSplit: true
            default: false
            }
        }
    }

    // MARK: Notifications

    @Test func malformedNotificationGoesToTheErrorsAndNowhereElse() {
        var bench = Bench(settings(sinks: [kinesis(), errors()]))
        bench.receive([])
        bench.receive(70)
        bench.receive([0x01, 70], .heartRateMeasurement, sensor: 1)
        let lines = send(&bench, sink: 1)
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.contains(#""status_code":422"#) })
        #expect(lines[0].contains(#""payload":"","#) && lines[1].contains(#""payload":"0146""#))
        #expect(lines[1].contains(#""sensor":"watch""#))
        bench.gateway.sinkDelivered(sink: 1, now: bench.now)
        let others = send(&bench)
        #expect(others.count == 1 && others[0].contains(#""heart_rate":70"#))
        bench.answer(accepted: [true])
        #expect(sink(bench).queue.tail == 3 && sink(bench).queue.passed == 2)
        #expect(sink(bench, 1).queue.tail == 3 && sink(bench, 1).queue.passed == 1)
        #expect(bench.gateway.counters.errorsRecorded == 2)
    }

    @Test func implausibleValueGoesToTheErrors() {
        var bench = Bench(settings(sinks: [kinesis(), errors()]))
        bench.receive(301)
        bench.receive([0, 80, 0, 120, 0, 93, 0], .bloodPressureMeasurement)
        let lines = send(&bench, sink: 1)
        #expect(lines.allSatisfy { $0.contains(#""error_message":"implausible value""#) })
        #expect(lines.map { $0.contains(#""characteristic":"2a35""#) } == [false, true])
    }

    @Test func sinkThatTakesAllGetsBothInTheirOrder() {
        var bench = Bench(settings(sinks: [errors(takes: .all)]))
        bench.receive(70)
        bench.receive([])
        bench.receive(71)
        #expect(bench.actions(after: second).contains(.send(sink: 0)))
        #expect(bench.sequences() == [0, 1, 2])
    }

    /// Nobody waits for what is not for him: neither a request nor a write comes of it.
    @Test func sinkOfErrorsCostsNothingWhileThereAreNone() {
        var bench = Bench(settings(sinks: [errors()], sync: 100 * second))
        for _ in 0..<10 {
            bench.receive(70)
            #expect(bench.actions(after: second) == [])
        }
        #expect(sink(bench).queue.tail == 10)
    }

    @Test func fullRingThatRefusesTakesNoErrorsEither() {
        var all = settings(sinks: [kinesis(batch: 40)], window: 4)
        all.refusesWhenFull = true
        var bench = Bench(all, slots: 4)
        for _ in 0..<4 { bench.receive(70) }
        bench.receive([])
        #expect(bench.gateway.counters.refusedByFullRing == 1)
        #expect(bench.gateway.cursor.head == 4)
    }

    // MARK: Items

    @Test func rejectedItemBecomesAnErrorRecordAndTheOthersGoOn() {
        var bench = Bench(settings(sinks: [search(batch: 4), errors()]))
        bench.receive(count: 4)
        let lines = send(&bench)
        bench.answer(bulkAnswer([201, 400, 429, 409]))
        let actions = bench.actions()
        let reports = actions.compactMap(\.report)
        #expect(
            rejected(reports) == [.recordsRejected(sink: 0, count: 1, status: 400, first: 1)])
        #expect(reports.contains(.recordsRefused(sink: 0, count: 1, of: 4)))
        let queue = [sink(bench).queue.acknowledged, sink(bench).queue.rejected]
        #expect(queue == [2, 1])
        #expect(actions.contains(.send(sink: 1)), "errors do not wait for company")
        let found = bench.request(sink: 1)
        #expect(found.count == 1)
        #expect(found[0].contains(#""status_code":400"#) && found[0].contains(#""sink":"search""#))
        let original = lines[1].dropLast().replacing("\"", with: "\\\"")
        #expect(found[0].contains("\"payload\":\"\(original)\""))
        bench.gateway.sinkDelivered(sink: 1, now: bench.now)
        #expect(send(&bench).count == 1, "the one that was throttled, alone")
    }

    @Test func rejectedErrorRecordMakesNoOther() {
        var bench = Bench(settings(sinks: [search(takes: .all, batch: 4)]))
        bench.receive([])
        bench.receive(70)
        _ = send(&bench)
        bench.answer(bulkAnswer([400, 400]))
        #expect(bench.gateway.cursor.head == 3, "one error record about the heart rate")
        #expect(
            rejected(bench.reports()) == [
                .errorRejected(sink: 0, sequence: 0, status: 400),
                .recordsRejected(sink: 0, count: 1, status: 400, first: 1),
            ])
        #expect(send(&bench).count == 1)
        bench.answer(bulkAnswer([400]))
        #expect(
            rejected(bench.reports()) == [.errorRejected(sink: 0, sequence: 2, status: 400)])
        #expect(bench.gateway.cursor.head == 3)
        #expect(sink(bench).rejectedErrors == 2 && sink(bench).queue.tail == 3)
    }

    /// An error record needs a slot. Where it would cost this sink another record, what was
    /// rejected stays owed.
    @Test func withoutRoomForTheErrorRecordNothingIsSettled() {
        var bench = Bench(settings(sinks: [search(batch: 4)], window: 4), slots: 4)
        bench.receive(count: 4)
        _ = send(&bench)
        bench.answer(bulkAnswer([400, 201, 201, 201]))
        #expect(sink(bench).queue.rejected == 0 && sink(bench).queue.tail == 0)
        #expect(bench.gateway.cursor.head == 4)
        #expect(send(&bench).count == 1, "again")
    }

    /// Until the error record is on the card, a restart sends the rejected record once more.
    @Test func tailStaysBeforeTheRejectedRecordUntilTheErrorIsSynced() {
        var bench = Bench(settings(sinks: [search(batch: 4), errors()], sync: 10 * second))
        bench.receive(count: 4)
        _ = bench.actions()
        _ = bench.request()
        bench.answer(bulkAnswer([201, 400, 201, 201]))
        let kept = bench.gateway.headRecord().sinkTail(of: name("search"))
        #expect(kept?.tail == 1)
        #expect(kept?.acknowledged[0] == false && kept?.acknowledged[2] == true)
        while bench.gateway.cursor.unsyncedCount > 0 {
            for action in bench.actions(after: second) {
                if case .send(let sink) = action {
                    bench.gateway.sinkFailed(sink: sink, now: bench.now)
                }
                _ = bench.written(action)
            }
        }
        #expect(bench.gateway.headRecord().sinkTail(of: name("search"))?.tail == 5)
    }

    /// Memory is full of what the card does not take, and gives the error record up: of the
    /// record that was refused nothing is left, so it is said to be lost.
    @Test func errorRecordThatNeverReachedTheCardIsSaidToBeLost() {
        var bench = Bench(settings(sinks: [search(batch: 4), errors()], window: 8))
        bench.receive(count: 4)
        _ = bench.actions()
        _ = bench.request()
        bench.answer(bulkAnswer([201, 400, 201, 201]))
        for _ in 0..<12 { bench.receive(70) }
        #expect(bench.gateway.counters.unsyncedGivenUp > 4)
        #expect(sink(bench).unsaidLosses == 1)
        #expect(bench.gateway.headRecord().sinkTail(of: name("search"))?.tail == 1)
    }

    // MARK: Whole requests

    /// Answers requests as a service does that refuses every request with one of `poison` in it;
    /// until nothing comes any more. Returns the sequences of every request.
    private func serve(
        _ bench: inout Bench, poison: Set<UInt64>, status: Int = 400, requests limit: Int = 60
    ) -> [[UInt64]] {
        var requests: [[UInt64]] = []
        while requests.count < limit {
            let lines = send(&bench)
            guard !lines.isEmpty else { break }
            let sequences = lines.map { number(after: "\"seq\":", in: $0) }
            requests.append(sequences)
            let isRefused = !poison.isDisjoint(with: sequences)
            bench.answer(status: isRefused ? status : 200, isRefused ? "no" : "")
        }
        return requests
    }

    @Test(arguments: [400, 413, 422])
    func requestIsSplitUntilTheCulpritIsAlone(_ status: Int) {
        var bench = Bench(settings(sinks: [collector(batch: 16), errors()], window: 64))
        bench.receive(count: 16)
        #expect(send(&bench).count == 16)
        bench.answer("")
        bench.receive(count: 16)
        let requests = serve(&bench, poison: [21], status: status)
        let sizes = requests.map(\.count)
        #expect(sizes.starts(with: [16, 8, 4, 8]) || sizes.starts(with: [16, 8, 4, 2]))
        #expect(requests.count < 16, "in less than one request a record: \(requests)")
        #expect(requests.filter { $0 == [21] }.count == 1)
        #expect(sink(bench).queue.rejected == 1 && sink(bench).queue.acknowledged == 31)
        #expect(
            rejected(bench.reports()).isEmpty && bench.gateway.counters.errorsRecorded == 1)
    }

    @Test func splitIsSaidAndCostsNoWait() {
        var bench = Bench(settings(sinks: [collector(batch: 4)]))
        bench.receive(count: 4)
        _ = send(&bench)
        bench.answer(status: 413, "")
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.sequences() == [0, 1])
        #expect(
            rejected(bench.reports()) == [.requestSplit(sink: 0, status: 413, count: 4)])
    }

    /// The first records of a life are poison: others are tried before they are called so.
    @Test func withoutASuccessNobodyIsCalledTheCulprit() {
        var bench = Bench(settings(sinks: [collector(batch: 4), errors()]))
        bench.receive(count: 4)
        let requests = serve(&bench, poison: [0, 1])
        let firstGood = requests.firstIndex { $0 == [2] }
        let firstTwice = requests.indices.first { requests[..<$0].contains(requests[$0]) }
        #expect(firstGood != nil && firstGood ?? 0 < firstTwice ?? 0, "\(requests)")
        #expect(sink(bench).queue.rejected == 2 && sink(bench).queue.acknowledged == 2)
    }

    /// A wrong address, a collector that is set up wrongly: nothing is the records' fault.
    @Test func serviceThatRefusesEverythingGetsNothingCalledAnError() {
        var bench = Bench(settings(sinks: [collector(batch: 8), errors()]))
        bench.receive(count: 8)
        let requests = serve(&bench, poison: Set(0..<8), requests: 80)
        #expect(requests.count == 80)
        #expect(Set(requests.filter { $0.count == 1 }.map { $0[0] }) == Set(0..<8))
        #expect(sink(bench).queue.rejected == 0 && sink(bench).queue.tail == 0)
        #expect(bench.gateway.counters.errorsRecorded == 0)
        #expect(sink(bench).refusal == .content)
    }

    /// It worked once, and is then set up wrongly: a few records go astray, and no more.
    @Test func serviceThatBeginsToRefuseEverythingIsDoubtedSoon() {
        var bench = Bench(settings(sinks: [collector(batch: 8), errors()], window: 64))
        bench.receive(count: 8)
        #expect(send(&bench).count == 8)
        bench.answer("")
        bench.receive(count: 8)
        _ = serve(&bench, poison: Set(8..<16), requests: 80)
        #expect(sink(bench).queue.rejected == UInt64(Limits.culpritsInARow))
        _ = serve(&bench, poison: [])
        #expect(sink(bench).queue.acknowledged == 16 - UInt64(Limits.culpritsInARow))
    }

    @Test func otherRefusalsAreNotAboutTheContent() {
        for (status, body) in [(405, ""), (415, ""), (403, ""), (404, ""), (400, "<html>")] {
            var bench = Bench(settings(sinks: [collector(batch: 4)]))
            bench.receive(count: 4)
            _ = send(&bench)
            bench.answer(status: status, body)
            #expect(rejected(bench.reports()).isEmpty, "\(status)")
            #expect(sink(bench).portion == 4)
        }
    }

    @Test func requestsGrowAgainAfterTheCulprit() {
        var bench = Bench(settings(sinks: [collector(batch: 32), errors()], window: 128))
        bench.receive(count: 32)
        #expect(send(&bench).count == 32)
        bench.answer("")
        bench.receive(count: 32)
        _ = serve(&bench, poison: [32])
        bench.receive(count: 32)
        bench.receive(count: 32)
        let sizes = serve(&bench, poison: []).map(\.count)
        #expect(sizes.last ?? 0 > 16 && sizes.reduce(0, +) >= 64)
    }

    // MARK: Losses

    /// The ring goes round while the sink of errors is away: what was never for it is not lost.
    @Test func sinkOfErrorsLosesErrorsAlone() {
        var bench = Bench(settings(sinks: [errors()], window: 8), slots: 8)
        bench.receive([])
        _ = send(&bench)
        bench.gateway.sinkFailed(sink: 0, now: bench.now)
        for _ in 0..<20 {
            bench.receive(70)
            bench.syncAll()
        }
        #expect(sink(bench).queue.lost == 1)
        #expect(sink(bench).queue.tail >= 20)
    }

    /// The gap record that tells it of a loss is for it, whatever it takes.
    @Test func sinkOfErrorsIsToldWhatItHasLost() {
        var bench = Bench(settings(sinks: [errors()], window: 8), slots: 8)
        bench.receive([])
        _ = send(&bench)
        bench.gateway.sinkFailed(sink: 0, now: bench.now)
        for _ in 0..<20 {
            bench.receive(70)
            bench.syncAll()
        }
        bench.receive([])
        #expect(send(&bench).count == 1)
        bench.gateway.sinkDelivered(sink: 0, now: bench.now)
        let lines = send(&bench)
        #expect(lines.count == 1 && lines[0].contains(#""event":"gap""#), "\(lines)")
        #expect(lines[0].contains(#""count":1"#))
    }
}
