import ModelBlueZ
import SensorLink
import Testing

/// A sensor's life when all goes well.
struct LifeTests {
    @Test func sensorIsFoundConnectedAndSubscribedTo() {
        let bench = Bench(sensors: 1)
        let time = bench.run(minute) { bench.valueCounts[0] > 0 }
        #expect(seconds(time) < 3.5)
        #expect(
            bench.blueZ.calls.map(\.name) == [
                "enumerate", "setDiscoveryFilter", "startDiscovery", "stopDiscovery", "connect",
                "startNotify",
            ])
        bench.settle()
        #expect(!bench.blueZ.isDiscovering)
        #expect(bench.supervisor.pendingCalls == 0)
        bench.expectRules()
    }
}
