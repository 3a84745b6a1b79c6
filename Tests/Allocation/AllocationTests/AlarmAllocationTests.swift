import Alarm
import Bytes
import CMallocCount
import Gateway
import RecordRing
import Time
import Uplink
import Vitals
import XCTest

/// An alarm takes nothing from the heap, from the notification to the level of each output and the
/// record of its log: raised, acknowledged, paused, sounding again, cleared.
final class AlarmAllocationTests: XCTestCase {
    private static let second: Int64 = 1_000_000_000
    private static let high: [UInt8] = [0, 180]
    private static let well: [UInt8] = [0, 70]
    private static let offSkin: [UInt8] = [0b100, 180]

    private func skipDebugBuilds() throws {
        #if DEBUG
            throw XCTSkip("the figures are those of the release build: swift test -c release")
        #endif
    }

    func testAlarmsTakeNothingFromTheHeap() throws {
        try skipDebugBuilds()
        var settings = GatewaySettings(
            device: Array("ward-3".utf8), boot: BootID(high: 1, low: 2), session: 1,
            sensors: [SensorSettings(name: try XCTUnwrap(SensorName("strap")))],
            sinks: [
                SinkSettings(
                    name: try XCTUnwrap(SensorName("file")), kind: .file, batchRecords: 100,
                    flushNanoseconds: .max / 2)
            ], seed: 1)
        settings.manners = AlarmManners()
        var gateway = Gateway(
            settings: settings, cursor: RingCursor(slotCount: 100_000, oldest: 0, head: 0),
            head: nil, now: 0)
        var outputs = Outputs()
        var body = FixedBuffer(capacity: 1 << 18)
        run(100, &gateway, &outputs, &body)
        pulsegate_malloc_reset()
        pulsegate_malloc_stage(0)
        run(2_000, &gateway, &outputs, &body)
        pulsegate_malloc_stage(-1)
        XCTAssertEqual(gateway.counters.alarmsRaised, 2_100)
        XCTAssertGreaterThan(gateway.counters.technicalAlarmsRaised, 2_000)
        XCTAssertGreaterThan(gateway.counters.alarmsRecorded, 8_000)
        XCTAssertGreaterThan(outputs.changes, 8_000)
        XCTAssertEqual(pulsegate_malloc_taken(0), 0)
    }

    /// Where a lamp and a buzzer would be.
    private struct Outputs {
        var lamp = PatternPlayer()
        var buzzer = PatternPlayer()
        var changes = 0

        mutating func follow(_ panel: borrowing AlarmPanel, _ now: Int64) {
            lamp.play(panel.combined.pattern, from: now)
            buzzer.play(panel.sound.pattern, from: panel.soundSince)
            if lamp.level(at: now).isOn { changes += 1 }
            if buzzer.level(at: now).isOn { changes += 1 }
        }
    }

    /// One alarm each: five seconds high, acknowledged, two minutes later again, well, off skin.
    private func run(
        _ count: Int, _ gateway: inout Gateway, _ outputs: inout Outputs,
        _ body: inout FixedBuffer
    ) {
        var now = Int64(gateway.counters.alarmsRaised) * 1_000 * Self.second
        for _ in 0..<count {
            for step in 0..<150 {
                now += Self.second
                switch step {
                case ..<130: Self.receive(Self.high, now, &gateway)
                case ..<140: Self.receive(Self.well, now, &gateway)
                default: Self.receive(Self.offSkin, now, &gateway)
                }
                if step == 5 || step == 128 { gateway.acknowledgeAlarms(now: now) }
                drain(&gateway, &outputs, &body, now)
            }
        }
    }

    private func drain(
        _ gateway: inout Gateway, _ outputs: inout Outputs, _ body: inout FixedBuffer,
        _ now: Int64
    ) {
        while let action = gateway.nextAction(now: now) {
            switch action {
            case .alarm: outputs.follow(gateway.panel, now)
            case .writeRing: gateway.ringWritten(now: now)
            case .send(let sink):
                _ = gateway.encode(sink: sink, into: &body, now: now)
                gateway.sinkDelivered(sink: sink, now: now)
            default: break
            }
        }
    }

    private static func receive(_ packet: [UInt8], _ now: Int64, _ gateway: inout Gateway) {
        gateway.receive(
            packet.span, sensor: 0,
            time: Moment(monotonicNanoseconds: now, wallMicroseconds: now / 1_000),
            clock: .synced, now: now)
    }
}
