import ModelBlueZ
import SensorLink
import Testing
import Vitals

/// What a sensor sends besides, and values that repeat.
struct ValueTests {
    private let characteristic = CharacteristicID(device: address(1), service: 15, handle: 16)

    /// Sends `value` once a second for `seconds`.
    private func send(_ bench: Bench, _ value: [UInt8], for seconds: Int) {
        for _ in 0..<seconds {
            bench.run(second)
            bench.hand(.valueArrived(adapter: 0, characteristic), value)
        }
    }

    private func streaming() -> Bench {
        let bench = Bench(sensors: 1)
        bench.settle()
        // Its own values stop; those of the test come.
        bench.blueZ.straps[0].mute = .init(cure: .resetRadio)
        return bench
    }

    @Test func repeatedValueIsFrozenAfterTwoMinutesAndThawsWithTheNext() {
        let bench = Bench(sensors: 1)
        bench.settle()
        bench.blueZ.straps[0].isFrozen = true
        bench.run(118 * second)
        #expect(!bench.status().isFrozen)
        bench.run(5 * second)
        #expect(bench.status().isFrozen)
        #expect(bench.reports.contains(.frozen(sensor: 0)))
        #expect(bench.frozenCount > 0)
        #expect(bench.state(0) == .streaming, "it is no trouble of the link")
        bench.blueZ.straps[0].isFrozen = false
        bench.run(2 * second)
        #expect(!bench.status().isFrozen)
        #expect(bench.reports.contains(.unfrozen(sensor: 0)))
        #expect(bench.status().counters.frozen == 1)
    }

    /// The longest steady run of the recorded sessions is 66 s.
    @Test func steadyPulseIsNotFrozen() {
        let bench = streaming()
        for rate in [60, 61, 60] as [UInt8] { send(bench, [0, rate], for: 100) }
        #expect(!bench.reports.contains(.frozen(sensor: 0)))
    }

    @Test func changingIntervalsAreNotFrozen() {
        let bench = streaming()
        for beat in 0..<300 { send(bench, [16, 60, UInt8(beat % 7), 4], for: 1) }
        #expect(!bench.reports.contains(.frozen(sensor: 0)))
    }

    @Test(arguments: [[0, 0], [4, 60], [], [1, 255, 255]] as [[UInt8]])
    func whatIsNoHeartRateIsNotFrozen(value: [UInt8]) {
        let bench = streaming()
        send(bench, value, for: 300)
        #expect(!bench.reports.contains(.frozen(sensor: 0)))
        #expect(bench.state(0) == .streaming)
    }

    @Test func pauseProvesNothingAboutTheValueBefore() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].isFrozen = true
        bench.settle()
        bench.run(60 * second)
        bench.blueZ.leave(0)
        bench.run(10 * minute)
        bench.blueZ.appear(0)
        bench.run(30 * second)
        #expect(!bench.status().isFrozen)
    }

    /// 22
    @Test func batteryIsReportedWithHysteresis() {
        let bench = Bench(sensors: 1)
        bench.settle()
        for percent in [50, 16, 15, 16, 14, 20, 15, 21, 22, 255, 10] as [UInt8] {
            bench.hand(.batteryLevel(adapter: 0, address(1), percent: percent))
        }
        let reports = bench.reports.compactMap { report -> String? in
            switch report {
            case .batteryLow(0, let percent): "low \(percent)"
            case .batteryWell(0, let percent): "well \(percent)"
            default: nil
            }
        }
        #expect(reports == ["low 15", "well 21", "low 10"])
        #expect(bench.status().batteryPercent == 10)
    }

    @Test func deviceIsAskedOnceAndAfterItsMeasurements() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].characteristics = [
            .manufacturerName, .modelNumber, .serialNumber, .firmwareRevision, .batteryLevel,
            .bodySensorLocation, .heartRateMeasurement,
        ]
        let first = bench.run(minute) { bench.valueCounts[0] > 0 }
        #expect(first != nil)
        #expect(bench.count { $0.name == "readValue" } == 0)
        bench.settle()
        #expect(bench.count { $0.name == "readValue" } == 6)
        #expect(bench.status().bodyLocation == 1)
        #expect(bench.status().batteryPercent == 87)
        #expect(bench.status().model == DeviceName("modelNumber"))
        #expect(bench.status().firmware == DeviceName("firmwareRevision"))
        bench.blueZ.drop(0)
        bench.settle()
        #expect(bench.count { $0.name == "readValue" } == 6, "once for good")
        bench.run(130 * minute)
        #expect(bench.count { $0.name == "readValue" } == 8, "the battery once an hour")
        bench.expectRules()
    }

    @Test func batteryInterfaceIsEnough() {
        let bench = Bench(sensors: 1)
        bench.blueZ.straps[0].characteristics = [.heartRateMeasurement, .batteryLevel]
        bench.run(minute) { bench.state(0) == .resolving }
        bench.hand(.batteryLevel(adapter: 0, address(1), percent: 55))
        bench.settle()
        bench.run(120 * minute)
        #expect(bench.count { $0.name == "readValue" } == 0)
    }

    @Test func otherMeasurementsAreTakenWhereTheyAreWanted() {
        let wanted: CharacteristicSet = [
            .heartRate, CharacteristicSet(.bloodPressureMeasurement),
        ]
        let settings = LinkSettings(
            choices: [
                SensorChoice(.address(address(1)), measurements: wanted),
                SensorChoice(.address(address(2))),
            ], seed: 1)
        let bench = Bench(settings, straps: 2)
        for strap in 0..<2 {
            bench.blueZ.straps[strap].characteristics = [
                .heartRateMeasurement, .bloodPressureMeasurement,
            ]
        }
        bench.settle()
        #expect(bench.count { $0.name == "startNotify" } == 3)
        let pressure = CharacteristicID(device: address(1), service: 15, handle: 19)
        let value: [UInt8] = [0, 120, 0, 80, 0, 90, 0]
        bench.hand(.valueArrived(adapter: 0, pressure), value)
        #expect(bench.lastValues[0] == value)
        let other = CharacteristicID(device: address(2), service: 15, handle: 19)
        bench.hand(.valueArrived(adapter: 0, other), value)
        #expect(bench.lastValues[1] != value, "nobody wants it of this one")
    }

    /// A blood pressure monitor is silent until somebody takes a measurement.
    @Test func silenceOfWhatIsNotContinuousIsNoFault() {
        let settings = LinkSettings(
            choices: [
                SensorChoice(
                    .address(address(1)),
                    measurements: CharacteristicSet(.bloodPressureMeasurement))
            ], seed: 1)
        let bench = Bench(settings, straps: 1)
        bench.blueZ.straps[0].characteristics = [.bloodPressureMeasurement]
        bench.settle()
        bench.run(24 * 60 * minute)
        #expect(bench.state(0) == .streaming)
        #expect(bench.status().counters.silences == 0)
        #expect(bench.status().counters.linkLosses == 0)
        bench.expectRules()
    }

    @Test func valuesOfStrangersAreNobodys() {
        let bench = Bench(sensors: 1)
        bench.settle()
        let stranger = CharacteristicID(device: address(7), service: 15, handle: 16)
        let value: [UInt8] = [0, 60]
        let event = BluetoothEvent.valueArrived(adapter: 0, stranger)
        #expect(bench.supervisor.handle(event, value: value.span, now: bench.now) == nil)
        let otherAdapter = BluetoothEvent.valueArrived(adapter: 1, characteristic)
        #expect(bench.supervisor.handle(otherAdapter, value: value.span, now: bench.now) == nil)
    }

    @Test func statusSaysWhatIsNext() {
        let bench = Bench(sensors: 1)
        bench.run(second / 50)
        #expect(bench.status().state == .discovering)
        #expect(bench.status().next == .discover)
        #expect(bench.status().ageNanoseconds == nil)
        bench.settle()
        #expect(bench.status().next == .awaitValue)
        #expect(bench.status().name == DeviceName("Strap 1"))
        #expect((bench.status().ageNanoseconds ?? .max) < 2 * second)
        #expect(bench.status().rssi == -60)
        #expect(bench.supervisor.status(sensor: 1, now: bench.now) == nil)
        #expect(bench.supervisor.status(sensor: -1, now: bench.now) == nil)
    }

    @Test func everyChangeIsReportedOnce() {
        let bench = Bench(sensors: 1)
        bench.settle()
        let states = bench.reports.compactMap { report -> [SensorState]? in
            guard case .sensorChanged(0, let from, let to, _, _, _) = report else { return nil }
            return [from, to]
        }
        #expect(
            states.map { $0[1] } == [
                .discovering, .connecting, .resolving, .subscribing, .streaming,
            ])
        for (before, after) in zip(states, states.dropFirst()) { #expect(before[1] == after[0]) }
    }
}
