import Bytes
import Gateway
import Ingest
import RecordRing
import WireFormat
import TestSupport
import Testing
import Time

/// What becomes of requests: recorded, repeated, refused, or too many.
struct IngestGateTests {
    private let bad = goodForm.replacing("72.5", with: "999")
    private let other = goodForm.replacing("72.5", with: "73")

    @Test func aPostWaitsUntilTheCardHasIt() {
        var bench = GateBench()
        let outcome = bench.post(goodForm)
        #expect(outcome.answer == "{\"accepted\":1,\"refused\":0,\"results\":[]}\n")
        #expect(outcome.last == 0)
        #expect(bench.gateway.state(ofPost: 0) == .waiting)
        #expect(bench.sync() == 0, "posts of a while share one sync")
        bench.now += 100_000_000
        #expect(bench.sync() == 1)
        #expect(bench.gateway.state(ofPost: 0) == .onCard)
    }

    @Test func everyLineOfABatchIsJudgedAlone() {
        var bench = GateBench()
        let outcome = bench.post("\(goodForm)\n\n\(bad)\r\n\(other)", isBatch: true)
        #expect(
            outcome.answer
                == #"{"accepted":2,"refused":1,"results":[{"line":2,"status":422,"#
                + #""pointer":"/heart_rate","detail":"heart_rate is 999; write a number from 1 to "#
                + #"300 beats per minute"}]}"# + "\n")
        #expect(outcome.last == 2)
        let kinds = bench.records.map { $0.payload.isError }
        #expect(kinds == [false, true, false])
        #expect(bench.gateway.counters.patientStatsRecorded == 2)
        #expect(bench.gateway.counters.errorsRecorded == 1)
    }

    @Test func aRefusedPostIsRecordedAndAnsweredAtOnce() {
        var bench = GateBench()
        let outcome = bench.post(bad)
        #expect(outcome.status == 422 && outcome.last == nil)
        #expect(bench.records.count == 1)
        let batch = bench.post(bad, isBatch: true)
        #expect(batch.answer?.hasPrefix("{\"accepted\":0,\"refused\":1") == true)
        #expect(batch.last == nil)
        #expect(bench.post("nonsense").status == 400)
    }

    @Test func theSameKeyRecordsOnceAndAnswersTheSame() {
        var bench = GateBench()
        let body = "\(goodForm)\n\(bad)\n\(other)"
        let first = bench.post(body, isBatch: true, key: "k")
        #expect(bench.post(body, isBatch: true, key: "k") == first)
        #expect(bench.records.count == 3)
        #expect(bench.gate.repeats == 1)
        #expect(bench.post(body, isBatch: true, key: "other").last == 5)
        #expect(bench.post(body, isBatch: true).last == 8, "without a key nobody knows")
        let refused = bench.post(bad, key: "r")
        #expect(bench.post(bad, key: "r") == refused)
        #expect(bench.records.count == 10)
    }

    @Test func theSameKeyWithAnotherBodyIsRefused() {
        var bench = GateBench()
        _ = bench.post(goodForm, key: "k")
        #expect(bench.post(other, key: "k").status == 422)
        #expect(bench.post(goodForm, isBatch: true, key: "k").status == 422)
        #expect(bench.records.count == 1, "such a post is nobody's data")
        let error = #"{"status_code":500,"payload":"","error_message":"x"}"#
        #expect(bench.post(error, .errorMessage, key: "k").last == 1, "a key is a path's own")
    }

    @Test func keysComeBackFromTheRing() {
        var bench = GateBench()
        let body = "\(goodForm)\n\(bad)\n\(other)"
        _ = bench.post(body, isBatch: true, key: "k")
        _ = bench.post(goodForm, key: "l")
        var after = GateBench()
        for record in bench.records { after.gate.restore(record, isFirst: false) }
        let again = after.post(body, isBatch: true, key: "k")
        #expect(again.answer?.hasPrefix("{\"accepted\":2,\"refused\":1") == true)
        #expect(again.last == nil, "it is on the card")
        #expect(after.post(other, key: "l").status == 422)
        #expect(after.post(goodForm, key: "l").last == nil)
        #expect(after.records.isEmpty)
    }

    @Test func whatAPowerCutLeftOfABatchIsCompleted() {
        let body = "\(goodForm)\n\(bad)\n\(other)\n\(bad)\n\(goodForm)"
        for kept in 0...5 {
            var bench = GateBench()
            _ = bench.post(body, isBatch: true, key: "k")
            var after = GateBench()
            for record in bench.records.prefix(kept) { after.gate.restore(record, isFirst: false) }
            let again = after.post(body, isBatch: true, key: "k")
            #expect(again.answer?.hasPrefix("{\"accepted\":3,\"refused\":2") == true)
            let forms = bench.records.prefix(kept).filter { !$0.payload.isError }.count
            let added = after.records.filter { !$0.payload.isError }.count
            #expect(forms + added == 3, "\(kept) records were kept")
            #expect(after.post(body, isBatch: true, key: "k").answer == again.answer)
            #expect(after.records.filter { !$0.payload.isError }.count == added)
        }
    }

    @Test func aBatchWhoseBeginningIsNotReadIsNotRestored() {
        var bench = GateBench()
        _ = bench.post("\(goodForm)\n\(other)\n\(goodForm)", isBatch: true, key: "k")
        var after = GateBench()
        for (index, record) in bench.records.dropFirst().enumerated() {
            after.gate.restore(record, isFirst: index == 0)
        }
        #expect(after.gate.keys.count == 0)
    }

    @Test func theOldestKeyIsForgottenForANewOne() {
        var bench = GateBench(perSecond: 100_000, slots: 10_000, window: 4_096)
        for number in 0...KeyTable.limit {
            #expect(bench.post(goodForm, key: "k\(number)").last == UInt64(number))
        }
        #expect(bench.gate.keys.count == KeyTable.limit)
        #expect(bench.post(goodForm, key: "k1").last == 1)
        #expect(bench.post(goodForm, key: "k0").last == UInt64(KeyTable.limit + 1))
    }

    @Test func whatMemoryGaveUpMayBePostedAgain() {
        var bench = GateBench(window: 16)
        _ = bench.post(goodForm, key: "k")
        for _ in 0..<20 {
            let beat: [UInt8] = [0, 70]
            bench.gateway.receive(
                beat.span, sensor: 0,
                time: Moment(monotonicNanoseconds: bench.now, wallMicroseconds: 1),
                clock: .synced, now: bench.now)
        }
        #expect(bench.gateway.state(ofPost: 0) == .lost)
        bench.gate.forget(PostRequest(path: .patientStats, key: Array("k".utf8)))
        _ = bench.gateway.nextAction(now: bench.now)
        bench.gateway.ringWritten(now: bench.now)
        #expect(bench.post(goodForm, key: "k").last == 21)
    }

    @Test func moreThanTheRateIsToComeLater() {
        var bench = GateBench(perSecond: 10, slots: 1_000, window: 1_024)
        for _ in 0..<256 { #expect(bench.post(goodForm).answer != nil) }
        #expect(bench.post(goodForm) == .tooMany(seconds: 1))
        bench.now += second / 10
        #expect(bench.post(goodForm).answer != nil)
        let lines = Array(repeating: goodForm, count: 20).joined(separator: "\n")
        #expect(bench.post(lines, isBatch: true) == .tooMany(seconds: 2))
        #expect(bench.records.count == 257)
    }

    @Test func aQuarterOfMemoryIsKeptForMeasurements() {
        var bench = GateBench(window: 16)
        let lines = Array(repeating: goodForm, count: 12).joined(separator: "\n")
        #expect(bench.post(lines + "\n" + goodForm, isBatch: true) == .noRoom)
        #expect(bench.post(lines, isBatch: true).last == 11)
        #expect(bench.post(goodForm) == .noRoom)
        #expect(bench.records.count == 12)
    }

    @Test func aFullRingThatRefusesTakesNone() {
        var bench = GateBench(slots: 8, refuses: true)
        for _ in 0..<6 { _ = bench.post(goodForm) }
        bench.now += second
        #expect(bench.sync() == 6)
        let three = Array(repeating: goodForm, count: 3).joined(separator: "\n")
        #expect(bench.post(three, isBatch: true) == .noRoom)
        for _ in 0..<2 { #expect(bench.post(goodForm).answer != nil) }
        #expect(bench.post(goodForm, key: "k") == .noRoom)
        #expect(bench.gate.keys.count == 0, "what was not recorded leaves no key")
    }

    @Test func batchesHaveOneTo256Lines() {
        var bench = GateBench(window: 1_024)
        #expect(bench.post("\n \n", isBatch: true).status == 422)
        let lines = Array(repeating: goodForm, count: 257).joined(separator: "\n")
        #expect(bench.post(lines, isBatch: true).status == 413)
        #expect(bench.records.isEmpty)
    }

    @Test func anErrorIsRecordedAsFarAsItFits() {
        var bench = GateBench()
        let error =
            #"{"payload":"{\"a\":\"éééééééééééééééééééééé\"}","status_code":500.0,"#
            + #""error_message":"the database says no, and this is why it does"}"#
        #expect(bench.post(error, .errorMessage).last == 0)
        #expect(
            line(bench.records[0]).contains(
                #""status_code":500,"payload":"{\"a\":\"ééééééééé","#
                    + #""error_message":"the database says no, and this is why it do","#))
        #expect(
            line(bench.records[0]).contains(
                #""payload_cut":true,"payload_bytes":52,"message_cut":true,"message_bytes":45"#))
    }

    @Test(arguments: [
        (#"{"status_code":99,"payload":"","error_message":"x"}"#, "status_code is 99; write"),
        (#"{"status_code":422.5,"payload":"","error_message":"x"}"#, "status_code is 422.5"),
        (#"{"status_code":422,"payload":{},"error_message":"x"}"#, "payload is {}; write a string"),
        (#"{"status_code":422,"payload":"","error_message":""}"#, "error_message is \"\"; write"),
        (#"{"status_code":422,"payload":""}"#, "error_message is missing"),
        (#"{"status_code":422,"payload":"","error_message":"x","sensor":1}"#, "sensor is no field"),
    ])
    func anErrorThatIsNoneIsRefused(_ text: String, _ words: String) {
        var bench = GateBench()
        guard case .refused(422, let detail, _) = bench.post(text, .errorMessage) else {
            Issue.record("taken: \(text)")
            return
        }
        #expect(String(decoding: detail, as: UTF8.self).hasPrefix(words))
        #expect(bench.records.count == 1)
    }
}
