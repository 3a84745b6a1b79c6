import Bytes
import Gateway
import RecordRing
import TestSupport
import Testing
import Time
import Uplink
import Vitals

/// What somebody posts goes to the card at once and to the sinks that take it.
struct PostTests {
    private func patient() throws -> PatientName {
        let text = Array("p-17".utf8)
        let name = PatientName(text.span)
        return try #require(name)
    }

    private func form() throws -> (Payload, SensorName) {
        let name = try patient()
        let stats = PatientStats(of: name, timeMicroseconds: 1_752_599_433_000_000) { quantity in
            quantity == .bloodPressureSystolic ? 1_200_000 : quantity.plausibleUnits.upperBound / 3
        }
        return (.patientStats(stats), name.head)
    }

    private func refused() -> (Payload, SensorName) {
        let post = Array("nonsense".utf8)
        let payload = RefusedPost(
            post.span, to: .patientStats, status: 400, problem: .notJSON, field: .none)
        return (.refusedPost(payload), SensorName())
    }

    private func keep(
        _ post: (Payload, SensorName), _ bench: inout Bench, within: Int64 = second / 10
    ) -> UInt64 {
        bench.gateway.keep(
            post: post.0, of: post.1,
            time: Moment(monotonicNanoseconds: bench.now, wallMicroseconds: bench.now / 1_000),
            clock: .synced, syncNanoseconds: within, now: bench.now)
    }

    private func patients(_ takes: SinkSettings.Takes = .patientStats) -> SinkSettings {
        errors("patients", takes: takes)
    }

    @Test func eachSinkGetsWhatItTakes() throws {
        var bench = Bench(
            settings(sinks: [file(), errors(), patients(), errors("all", takes: .all)]))
        bench.receive(70)
        #expect(keep(try form(), &bench) == 1)
        #expect(keep(refused(), &bench) == 2)
        var found = [[UInt64]](repeating: [], count: 4)
        for action in bench.actions(after: 2 * second) {
            if bench.written(action) != nil { continue }
            guard case .send(let sink) = action else { continue }
            found[sink] = bench.sequences(sink: sink)
            bench.gateway.sinkDelivered(sink: sink, now: bench.now)
        }
        #expect(found == [[0], [2], [1], [0, 1, 2]])
        for sink in bench.gateway.sinks { #expect(sink.queue.tail == 3) }
    }

    @Test func aPostIsSyncedWhenItsTimeComesThoughEverySinkHasIt() throws {
        var bench = Bench(settings(sinks: [patients()]))
        let sequence = keep(try form(), &bench)
        #expect(bench.gateway.deadline() == bench.now + second / 10)
        #expect(bench.actions(after: second / 10 - 1).allSatisfy { !$0.isWrite })
        let action = bench.next(after: 1)
        #expect(action == .writeRing(first: 0, count: 1, sync: true))
        #expect(bench.gateway.state(ofPost: sequence) == .waiting)
        #expect(keep(try form(), &bench) == 1, "the next one comes while the card is at work")
        bench.gateway.ringWritten(now: bench.now)
        #expect(bench.gateway.state(ofPost: sequence) == .onCard)
        #expect(bench.gateway.state(ofPost: 1) == .waiting)
        #expect(bench.next(after: second / 10)?.isWrite == true)
    }

    @Test func aPostWaitsForACardThatHasFailed() throws {
        var bench = Bench(settings(sinks: [patients()]))
        let sequence = keep(try form(), &bench)
        #expect(bench.next(after: second)?.isWrite == true)
        bench.gateway.ringFailed(now: bench.now)
        #expect(bench.gateway.state(ofPost: sequence) == .waiting)
        let again = bench.actions(after: 2 * second).filter(\.isWrite)
        #expect(again == [.writeRing(first: 0, count: 1, sync: true)])
        bench.gateway.ringWritten(now: bench.now)
        #expect(bench.gateway.state(ofPost: sequence) == .onCard)
    }

    @Test func noAlarmIsJudgedByAPostAndNoSensorLivesByIt() throws {
        var bench = Bench(settings(sinks: [patients()]))
        for _ in 0..<20 {
            let name = try patient()
            let stats = PatientStats(of: name, timeMicroseconds: 0) { quantity in
                quantity.plausibleUnits.upperBound
            }
            _ = keep((.patientStats(stats), name.head), &bench)
            #expect(bench.actions(after: second).allSatisfy { !$0.isAlarm })
            while bench.gateway.cursor.unsyncedCount > 0 {
                bench.gateway.ringWritten(now: bench.now)
            }
        }
        #expect(bench.gateway.counters.patientStatsRecorded == 20)
        #expect(bench.gateway.counters.recorded == 0)
    }

    @Test func aFormThatASinkRefusesBecomesAnErrorRecordWithIt() throws {
        var bench = Bench(settings(sinks: [search(takes: .patientStats, batch: 4), errors()]))
        _ = keep(try form(), &bench)
        _ = keep(refused(), &bench)
        var error: [String] = []
        for _ in 0..<10 {
            for action in bench.actions(after: second) {
                if bench.written(action) != nil { continue }
                guard case .send(let sink) = action else { continue }
                let lines = bench.request(sink: sink)
                if sink == 0 {
                    bench.answer(bulkAnswer([400]))
                } else {
                    error += lines
                    bench.gateway.sinkDelivered(sink: 1, now: bench.now)
                }
            }
        }
        #expect(error.count == 2)
        #expect(error.last?.contains(#""sink":"sea""#) == true)
        #expect(error.last?.contains(#"\"patient\":\"p-17\""#) == true)
    }

    @Test func aRefusedPostThatASinkRefusesMakesNoOther() {
        var bench = Bench(settings(sinks: [search(takes: .all, batch: 4)]))
        _ = keep(refused(), &bench)
        for action in bench.actions(after: second) where action.isSend {
            _ = bench.request()
            bench.answer(bulkAnswer([400]))
        }
        #expect(bench.gateway.cursor.head == 1)
        #expect(bench.gateway.sinks[0].rejectedErrors == 1)
    }
}
