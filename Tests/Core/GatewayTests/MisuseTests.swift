import Gateway
import RecordRing
import Testing

/// Our own defects stop the program, with the rule in words; the ring survives it.
struct MisuseTests {
    @Test func nameOutsideItsLimitsStopsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            _ = GatewaySettings(
                device: [], boot: BootID(high: 1, low: 2), session: 1, sensors: [], sinks: [],
                seed: 1)
        }
        await #expect(processExitsWith: .failure) {
            _ = GatewaySettings(
                device: Array(repeating: 0x61, count: Limits.deviceBytes + 1),
                boot: BootID(high: 1, low: 2), session: 1, sensors: [], sinks: [], seed: 1)
        }
    }

    @Test func answerWithoutARequestStopsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            var bench = Bench()
            bench.answer(accepted: [])
        }
        await #expect(processExitsWith: .failure) {
            var bench = Bench()
            bench.gateway.sinkFailed(sink: 0, now: bench.now)
        }
        await #expect(processExitsWith: .failure) {
            var bench = Bench(settings(sinks: [file()]))
            bench.gateway.sinkDelivered(sink: 0, now: bench.now)
        }
    }

    @Test func endOfAJobThatDidNotBeginStopsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            var bench = Bench()
            bench.gateway.ringWritten(now: bench.now)
        }
        await #expect(processExitsWith: .failure) {
            var bench = Bench()
            bench.gateway.ringFailed(now: bench.now)
        }
        await #expect(processExitsWith: .failure) {
            var bench = Bench()
            bench.read([])
        }
    }
}
