import Testing
import Vitals

/// Which measurements are heart rates.
struct HeartRateStateTests {
    @Test(arguments: [SensorContact.notSupported, .detected])
    func valuesFrom1To300AreHeartRates(_ contact: SensorContact) {
        for rate in UInt16(1)...300 {
            let measurement = HeartRateMeasurement(beatsPerMinute: rate, contact: contact)
            #expect(HeartRateState(measurement) == .heartRate(rate))
        }
    }

    @Test(arguments: [SensorContact.notSupported, .notDetected, .detected])
    func zeroIsNoHeartRateWhateverTheContact(_ contact: SensorContact) {
        let measurement = HeartRateMeasurement(beatsPerMinute: 0, contact: contact)
        #expect(HeartRateState(measurement) == .offSkin)
    }

    @Test(arguments: [1, 60, 300, 301, 65_535] as [UInt16])
    func noValueCountsWithoutContact(_ rate: UInt16) {
        let measurement = HeartRateMeasurement(beatsPerMinute: rate, contact: .notDetected)
        #expect(HeartRateState(measurement) == .offSkin)
    }

    @Test(arguments: [SensorContact.notSupported, .detected])
    func valuesAbove300AreImplausible(_ contact: SensorContact) {
        for rate in [301, 302, 1_000, 65_535] as [UInt16] {
            let measurement = HeartRateMeasurement(beatsPerMinute: rate, contact: contact)
            #expect(HeartRateState(measurement) == .implausible(rate))
        }
    }
}
