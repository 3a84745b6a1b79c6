import Alarm
import RecordRing
public import Time
public import Vitals

extension Gateway {
    /// A sensor's notification of this characteristic has arrived: decode, judge, record, in that
    /// order. `time` is the measurement's arrival, `now` the machine's.
    public mutating func receive(
        _ notification: Span<UInt8>, characteristic: Characteristic, sensor: Int, time: Moment,
        clock: ClockState, now: Int64
    ) {
        if characteristic == .heartRateMeasurement {
            return receive(notification, sensor: sensor, time: time, clock: clock, now: now)
        }
        guard let kind = VitalKind(characteristic) else {
            preconditionFailure("the gateway receives measurements")
        }
        precondition(settings.sensors.indices.contains(sensor), "a sensor is one of the settings")
        counters.notifications += 1
        let measurement: VitalMeasurement
        do throws(MeasurementError) {
            measurement = try VitalMeasurement(decoding: notification, as: kind)
        } catch {
            counters.malformed += 1
            report(.measurementMalformed(sensor: sensor, kind, error))
            let rejection = Rejection(notification, of: characteristic, reason: .malformed)
            return keep(rejection, sensor: sensor, time: time, clock: clock, now: now)
        }
        switch VitalState(measurement) {
        case .implausible(let quantity):
            counters.implausible += 1
            report(.measurementImplausible(sensor: sensor, kind, quantity))
            let rejection = Rejection(notification, of: characteristic, reason: .implausible)
            keep(rejection, sensor: sensor, time: time, clock: clock, now: now)
        case .notAValue(let missing):
            if kind == .continuousOximetry { noteOffSkin(true, sensor: sensor, now: now) }
            noteMissing(missing, kind, sensor: sensor)
        case .plausible:
            take(measurement, sensor: sensor, time: time, clock: clock, now: now)
        }
    }

    /// An oximeter goes on saying every second that it has no value: the first time is news.
    private mutating func noteMissing(_ missing: MissingValue, _ kind: VitalKind, sensor: Int) {
        counters.withoutValue += 1
        if kind == .continuousOximetry {
            if withoutValue[sensor] { return }
            withoutValue[sensor] = true
        }
        report(.measurementWithoutValue(sensor: sensor, kind, missing))
    }

    private mutating func take(
        _ measurement: VitalMeasurement, sensor: Int, time: Moment, clock: ClockState, now: Int64
    ) {
        if measurement.kind == .continuousOximetry, withoutValue[sensor] {
            withoutValue[sensor] = false
            report(.sensorHasValue(sensor: sensor, measurement.kind))
        }
        panel.seen(sensor: sensor, now: now)
        judgePulse(of: measurement, sensor: sensor, time: time, now: now)
        noteLatest(time, clock, now: now)
        guard !isFull else { return refuse(time) }
        record(.vital(measurement), of: settings.sensors[sensor].name, now: now)
        counters.recorded += 1
        counters.vitalsRecorded += 1
    }

    /// The pulse of a worn oximeter is judged by the limits of its sensor.
    ///
    /// It is a pulse and no heart rate: beats that do not reach the finger are not in it. But who
    /// wears an oximeter and no strap has nothing else that could raise the alarm, and a pulse
    /// above the limit is never less urgent than a heart rate there.
    ///
    /// A sensor that sends both is judged by its heart rate while that comes. Two streams through
    /// one alarm would end each other's onset delay: 160 from the chest and 140 from the finger,
    /// in turn, would never raise it.
    private mutating func judgePulse(
        of measurement: VitalMeasurement, sensor: Int, time: Moment, now: Int64
    ) {
        guard let beatsPerMinute = measurement.alarmBeatsPerMinute else { return }
        if let last = lastHeartRate[sensor],
            time.monotonicNanoseconds - last
                <= settings.sensors[sensor].limits.silenceNanoseconds
        {
            return
        }
        judge(beatsPerMinute, sensor: sensor, time: time, now: now)
        counters.pulsesJudged += 1
    }
}
