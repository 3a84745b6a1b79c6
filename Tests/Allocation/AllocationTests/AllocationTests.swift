import CMallocCount
import Gateway
import GatewayLoop
import LibCrypto
import Uplink
import XCTest

/// Once a gateway runs, a measurement takes nothing from the heap, from the notification to the
/// acknowledgement.
///
/// The numbers hold for the release build; a debug build keeps copies that the optimizer removes.
/// XCTest, because Swift Testing allocates itself when something is thrown.
final class AllocationTests: XCTestCase {
    private static let measurements = 100_000

    func testMeasurementToKinesisTakesNothingFromTheHeap() throws {
        try assertNoAllocation(
            sink: .kinesis(stream: Array("pulse".utf8)), named: "kinesis sink")
    }

    func testMeasurementInAggregatesTakesNothingFromTheHeap() throws {
        try assertNoAllocation(
            sink: .aggregated(stream: Array("pulse".utf8), aggregateBytes: 50 << 10),
            named: "kinesis sink with aggregates")
    }

    func testMeasurementToFirehoseTakesNothingFromTheHeap() throws {
        try assertNoAllocation(
            sink: .firehose(stream: Array("pulse".utf8)), named: "firehose sink")
    }

    func testMeasurementToOpenSearchTakesNothingFromTheHeap() throws {
        try assertNoAllocation(sink: .openSearch(withIDs: true), named: "opensearch sink")
    }

    func testMeasurementToACollectorTakesNothingFromTheHeap() throws {
        try assertNoAllocation(sink: .http, named: "http sink")
    }

    func testMeasurementToFileTakesNothingFromTheHeap() throws {
        try assertNoAllocation(sink: .file, named: "file sink")
    }

    /// Outages, and what was missed behind what is fresh.
    func testBacklogBehindFreshRecordsTakesNothingFromTheHeap() throws {
        try skipDebugBuilds()
        var loop = try GatewayLoop(
            sink: .kinesis(stream: Array("pulse".utf8)), hash: LibCrypto.sha256Function,
            order: .newestFirst)
        // Every way once, a backlog among them.
        loop.unanswered = 3
        try loop.run(10_000) { _ in }
        pulsegate_malloc_reset()
        for outage in 1...20 {
            // The pauses stay short enough for the backlog to be in memory.
            loop.unanswered = 1 + outage % 3
            try loop.run(6_000) { stage in
                pulsegate_malloc_stage(Int32(stage?.rawValue ?? -1))
            }
        }
        XCTAssertEqual(loop.gateway.sinks[0].failedRequests, 44)
        XCTAssertGreaterThan(loop.backlogRequests, 5)
        for stage in LoopStage.allCases {
            XCTAssertEqual(pulsegate_malloc_taken(Int32(stage.rawValue)), 0, "\(stage)")
        }
        print("newest first: \(loop.requests) requests, \(loop.backlogRequests) of a backlog")
    }

    private func skipDebugBuilds() throws {
        #if DEBUG
            throw XCTSkip("the figures are those of the release build: swift test -c release")
        #endif
    }

    private func assertNoAllocation(sink: SinkSettings.Kind, named name: String) throws {
        try skipDebugBuilds()
        let hash = LibCrypto.sha256Function
        var loop = try GatewayLoop(sink: sink, hash: hash, md5: LibCrypto.md5Function)
        // Every stage once: tables that are made on first use, the first signing key.
        try loop.run(10_000) { _ in }
        pulsegate_malloc_reset()
        try loop.run(Self.measurements) { stage in
            pulsegate_malloc_stage(Int32(stage?.rawValue ?? -1))
        }
        let sink = loop.gateway.sinks[0]
        XCTAssertEqual(loop.gateway.counters.recorded, 110_000)
        XCTAssertEqual(sink.queue.acknowledged, 110_000)
        XCTAssertGreaterThan(loop.gateway.counters.ringWrites, 20)
        XCTAssertGreaterThan(loop.gateway.counters.alarmsRaised, 0)
        print("allocations of \(Self.measurements) measurements, \(name):")
        for stage in LoopStage.allCases {
            let taken = pulsegate_malloc_taken(Int32(stage.rawValue))
            print("    \(stage): \(taken)")
            XCTAssertEqual(taken, 0, "\(name), \(stage)")
        }
    }
}
