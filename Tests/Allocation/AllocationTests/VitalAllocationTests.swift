import Bytes
import CMallocCount
import Gateway
import RecordRing
import Time
import Vitals
import Uplink
import XCTest

/// The measurements of the other sensors take nothing from the heap either, from the notification
/// to the line of JSON.
final class VitalAllocationTests: XCTestCase {
    private static let packets: [(Characteristic, [UInt8])] = [
        (
            .pulseOximeterContinuous,
            [0x1F, 97, 0, 71, 0, 98, 0, 72, 0, 96, 0, 70, 0, 0x20, 0, 0x30, 0, 0, 0x7B, 0xE0]
        ),
        (
            .bloodPressureMeasurement,
            [0x1F, 0xA0, 0xF0, 0x6B, 0xF0, 0x7C, 0xF0, 0xE9, 7, 7, 15, 19, 9, 12, 62, 0, 1, 4, 0]
        ),
        (.temperatureMeasurement, [0x05, 0xDA, 3, 0, 0xFF, 3]),
        (.pulseOximeterSpotCheck, [0x01, 97, 0, 71, 0, 0xE9, 7, 7, 15, 19, 9, 12]),
        (
            .glucoseMeasurement,
            [0x0F, 12, 0, 0xE9, 7, 7, 15, 19, 9, 12, 0xA6, 0xFF, 0x37, 0xC0, 0x11, 1, 0]
        ),
    ]

    private func skipDebugBuilds() throws {
        #if DEBUG
            throw XCTSkip("the figures are those of the release build: swift test -c release")
        #endif
    }

    func testVitalsTakeNothingFromTheHeap() throws {
        try skipDebugBuilds()
        let sensor = try XCTUnwrap(SensorName("probe"))
        let file = try XCTUnwrap(SensorName("file"))
        var gateway = Gateway(
            settings: GatewaySettings(
                device: Array("ward-3".utf8), boot: BootID(high: 1, low: 2), session: 1,
                sensors: [SensorSettings(name: sensor)],
                sinks: [
                    SinkSettings(
                        name: file, kind: .file, batchRecords: 100, flushNanoseconds: .max / 2)
                ], seed: 1),
            cursor: RingCursor(slotCount: 100_000, oldest: 0, head: 0), head: nil, now: 0)
        var body = FixedBuffer(capacity: 1 << 18)
        run(2_000, &gateway, &body)
        pulsegate_malloc_reset()
        pulsegate_malloc_stage(0)
        run(20_000, &gateway, &body)
        pulsegate_malloc_stage(-1)
        XCTAssertEqual(gateway.counters.vitalsRecorded, 22_000)
        XCTAssertGreaterThan(gateway.sinks[0].queue.tail, 20_000)
        XCTAssertEqual(pulsegate_malloc_taken(0), 0)
    }

    private func run(_ count: Int, _ gateway: inout Gateway, _ body: inout FixedBuffer) {
        for index in 0..<count {
            let now = Int64(gateway.counters.notifications) * 1_000_000_000
            Self.receive(index % Self.packets.count, now: now, &gateway)
            while let action = gateway.nextAction(now: now) {
                switch action {
                case .writeRing: gateway.ringWritten(now: now)
                case .send(let sink):
                    _ = gateway.encode(sink: sink, into: &body, now: now)
                    gateway.sinkDelivered(sink: sink, now: now)
                default: break
                }
            }
        }
    }

    private static func receive(_ index: Int, now: Int64, _ gateway: inout Gateway) {
        let (characteristic, packet) = packets[index]
        gateway.receive(
            packet.span, characteristic: characteristic, sensor: 0,
            time: Moment(monotonicNanoseconds: now, wallMicroseconds: now / 1_000),
            clock: .synced, now: now)
    }
}
