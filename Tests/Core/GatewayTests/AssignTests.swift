import Alarm
import Gateway
import RecordRing
import TestSupport
import Testing
import Time

/// Another device takes the place of a sensor.
struct AssignTests {
    private func place(_ text: String) throws -> SensorName { try #require(SensorName(text)) }

    private func assign(_ bench: inout Bench, _ name: SensorName) {
        bench.gateway.assign(
            sensor: 0, name: name,
            time: Moment(monotonicNanoseconds: bench.now, wallMicroseconds: 0))
    }

    @Test func recordsCarryTheNewNameFromThenOn() throws {
        var bench = Bench(settings(sensors: [sensor("any 1")], sinks: [file(batch: 2)]))
        bench.receive(70)
        assign(&bench, try place("C0:00:00:00:00:01"))
        bench.receive(71)
        #expect(bench.next() == .send(sink: 0))
        let lines = bench.request()
        #expect(lines.count == 2)
        #expect(lines[0].contains(#""sensor":"any 1""#))
        #expect(lines[1].contains(#""sensor":"C0:00:00:00:00:01""#))
    }

    @Test func theLampDoesNotStayOnForSomeoneWhoHasGone() throws {
        var bench = Bench(settings(sensors: [sensor("any 1", onset: 0)], sinks: [file(batch: 500)]))
        bench.receive(180)
        #expect(bench.actions().first?.alarm?.edge == .raise)
        assign(&bench, try place("C0:00:00:00:00:01"))
        #expect(bench.actions().first?.alarm?.edge == .clear)
        #expect(!bench.gateway.alarm(sensor: 0).isRaised)
        #expect(bench.gateway.counters.alarmsCleared == 1)
        bench.receive(180)
        #expect(bench.actions().first?.alarm?.edge == .raise, "the new one is judged anew")
    }

    @Test func theSameDeviceAgainChangesNothing() throws {
        var bench = Bench(settings(sensors: [sensor("any 1", onset: 0)], sinks: [file(batch: 500)]))
        bench.receive(180)
        _ = bench.actions()
        assign(&bench, try place("any 1"))
        #expect(bench.actions().allSatisfy { !$0.isAlarm })
        #expect(bench.gateway.alarm(sensor: 0).isRaised)
    }
}
