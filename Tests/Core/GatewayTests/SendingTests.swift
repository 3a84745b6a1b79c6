import Diagnostics
import Gateway
import RecordRing
import Testing
import Uplink

/// How records leave: in order, in portions, each until the sink has it.
struct SendingTests {
    private func sink(_ bench: borrowing Bench) -> Sink { bench.gateway.sinks[0] }

    @Test func recordWaitsForCompanyAndNotLonger() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4, flush: 500 * millisecond)]))
        bench.receive()
        #expect(bench.gateway.deadline() == bench.now + 500 * millisecond)
        #expect(bench.next(after: 500 * millisecond - 1) == nil)
        #expect(bench.next(after: 1) == .send(sink: 0))
        #expect(bench.sequences() == [0])
    }

    @Test func fullRequestDoesNotWait() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4, flush: 500 * millisecond)]))
        bench.receive(count: 3)
        #expect(bench.next() == nil)
        bench.receive()
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.sequences() == [0, 1, 2, 3])
    }

    @Test func sinkGetsRecordsInOrderOneRequestAtATime() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)], sync: 100 * second))
        bench.receive(count: 10)
        var sent: [[UInt64]] = []
        for count in [4, 4, 2] {
            #expect(bench.next(after: second) == .send(sink: 0))
            sent.append(bench.sequences())
            #expect(bench.next(after: second) == nil, "a request runs")
            bench.answer(accepted: Array(repeating: true, count: count))
        }
        #expect(sent == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    }

    @Test func smallBufferMakesSmallRequestsAndLosesNothing() {
        let longest = 700
        var bench = Bench(settings(sinks: [kinesis(batch: 8)]), bodyBytes: longest)
        bench.receive(count: 8)
        var sent: [UInt64] = []
        while sent.count < 8, let action = bench.next(after: second) {
            if bench.written(action) != nil { continue }
            guard action.isSend else { continue }
            let sequences = bench.sequences()
            #expect(sequences.count < 8)
            sent += sequences
            bench.answer(accepted: sequences.map { _ in true })
        }
        #expect(sent == Array(0..<8))
    }

    @Test func partialRefusalSendsOnlyTheRefusedAgain() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)]))
        bench.receive(count: 4)
        #expect(bench.next() == .send(sink: 0))
        let first = bench.request()
        bench.answer(accepted: [true, false, true, false])
        #expect(bench.reports() == [.recordsRefused(sink: 0, count: 2, of: 4)])
        let retry = bench.gateway.deadline().map { $0 - bench.now } ?? -1
        #expect(retry >= 0 && retry <= 500 * millisecond)
        _ = bench.actions(after: retry).contains(.send(sink: 0))
        #expect(bench.request() == [first[1], first[3]], "byte for byte the same")
        #expect(sink(bench).queue.acknowledged == 2)
        #expect(sink(bench).refusedRecords == 2)
    }

    @Test func refusedRecordsGoBeforeNewOnes() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)]))
        bench.receive(count: 6)
        _ = bench.next()
        _ = bench.request()
        bench.answer(accepted: [true, false, true, false])
        _ = bench.actions(after: second)
        #expect(bench.sequences() == [1, 3, 4, 5])
    }

    @Test func goodAnswerWithALyingCountIsReadByItsEntries() {
        var bench = Bench(settings(sinks: [kinesis(batch: 2)]))
        bench.receive(count: 2)
        _ = bench.next()
        _ = bench.request()
        bench.answer(putRecordsAnswer([true, false], failedRecordCount: 0))
        #expect(bench.reports() == [.recordsRefused(sink: 0, count: 1, of: 2)])
    }

    /// HTTP 200 is not success: nothing of such an answer is believed.
    @Test func answerThatIsNotTheServicesLeavesEverythingOwed() {
        let texts = [
            "<html>Log in</html>", "", "{}", "{\"Records\":[]}",
            putRecordsAnswer([true]), putRecordsAnswer([true, true, true]),
            String(putRecordsAnswer([true, true]).dropLast()),
        ]
        for text in texts {
            var bench = Bench(settings(sinks: [kinesis(batch: 2)]))
            bench.receive(count: 2)
            _ = bench.next()
            _ = bench.request()
            bench.answer(text)
            guard case .answerNotUnderstood(0, _, let wait) = bench.reports().first else {
                Issue.record("believed: \(text)")
                continue
            }
            #expect(sink(bench).refusal == .notTheService)
            #expect(sink(bench).queue.tail == 0 && sink(bench).failedRequests == 1)
            _ = bench.actions(after: wait)
            #expect(bench.sequences() == [0, 1])
        }
    }

    /// Whoever answers with a page, whatever it says and with whatever status, has not taken it.
    @Test func pageIsNoAnswerOfACollector() {
        for (isPage, text) in [(true, ""), (true, "OK"), (false, "<html>Log in</html>")] {
            var bench = Bench(settings(sinks: [collector(batch: 2)]))
            bench.receive(count: 2)
            _ = bench.next()
            _ = bench.request()
            let body = Array(text.utf8)
            bench.gateway.sinkAnswered(
                sink: 0, status: 200, body: body.span, isPage: isPage, now: bench.now)
            guard case .answerNotUnderstood(0, .page, _) = bench.reports().first else {
                Issue.record("believed: \(isPage) \(text)")
                continue
            }
            #expect(sink(bench).queue.tail == 0 && sink(bench).refusal == .notTheService)
        }
    }

    @Test func pageThatRefusesIsNotTheService() {
        for status in [302, 400, 401, 403, 404] {
            var bench = Bench(settings(sinks: [collector(batch: 2)]))
            bench.receive(count: 2)
            _ = bench.next()
            _ = bench.request()
            let body = Array("Not here".utf8)
            bench.gateway.sinkAnswered(
                sink: 0, status: status, body: body.span, isPage: true, now: bench.now)
            #expect(sink(bench).refusal == .notTheService, "\(status)")
        }
    }

    /// What a sink needs before its first request takes the turn of one.
    @Test func sinkThatHasPreparedItselfIsAskedAgain() {
        var bench = Bench(settings(sinks: [search(batch: 2)]))
        bench.receive(count: 2)
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.next() == nil)
        bench.gateway.sinkPrepared(sink: 0)
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.sequences() == [0, 1])
    }

    @Test func refusedRequestIsSentAgainWholeAndSaysWhy() {
        let answers: [(Int, String, RequestRefusal)] = [
            (400, #"{"__type":"ProvisionedThroughputExceededException"}"#, .throttled),
            (429, "", .throttled),
            (503, "", .serverFault),
            (400, #"{"__type":"com.amazonaws.kinesis#ResourceNotFoundException"}"#, .notFound),
            (403, "<html>", .notTheService),
            (302, "", .notTheService),
        ]
        for (status, text, refusal) in answers {
            var bench = Bench(settings(sinks: [kinesis(batch: 2)]))
            bench.receive(count: 2)
            _ = bench.next()
            let first = bench.request()
            bench.answer(status: status, text)
            guard case .requestRefused(0, status, refusal, let wait) = bench.reports().first
            else {
                Issue.record("\(status) \(text)")
                continue
            }
            #expect(sink(bench).refusal == refusal)
            _ = bench.actions(after: wait)
            #expect(bench.request() == first)
            bench.answer(accepted: [true, true])
            #expect(sink(bench).refusal == nil)
            #expect(bench.reports().contains(.sinkRecovered(sink: 0)))
        }
    }

    @Test func fileSinkGetsLinesAndOneAnswerForAll() {
        var bench = Bench(settings(sinks: [file(batch: 3)]))
        bench.receive(count: 3)
        #expect(bench.next() == .send(sink: 0))
        #expect(bench.sequences() == [0, 1, 2])
        bench.gateway.sinkDelivered(sink: 0, now: bench.now)
        #expect(sink(bench).queue.tail == 3)
    }

    @Test func requestThatCouldNotBeginIsTriedAgain() {
        var bench = Bench(settings(sinks: [kinesis(batch: 2)]))
        bench.receive(count: 2)
        #expect(bench.next() == .send(sink: 0))
        bench.gateway.sinkFailed(sink: 0, now: bench.now)
        guard case .sinkUnreachable(0, let wait) = bench.reports().first else {
            Issue.record("a failure is reported")
            return
        }
        _ = bench.actions(after: wait)
        #expect(bench.sequences() == [0, 1])
    }

    @Test func acknowledgedRecordIsSafeBeforeTheCardHasIt() {
        var bench = Bench(settings(sinks: [kinesis(batch: 2)]))
        bench.receive(count: 2)
        _ = bench.next()
        _ = bench.request()
        bench.now += 40 * millisecond
        bench.answer(accepted: [true, true])
        let latency = bench.gateway.durableLatency.maximum
        #expect(latency == UInt64(40 * millisecond))
    }
}
