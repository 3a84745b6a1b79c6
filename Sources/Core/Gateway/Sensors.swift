import Alarm
import Bytes
public import RecordRing
public import Time

extension Gateway {
    /// Another device has taken the place of a sensor: its records get `name`, and its alarm
    /// begins anew, because it is about somebody else.
    public mutating func assign(sensor: Int, name: SensorName, time: Moment) {
        precondition(settings.sensors.indices.contains(sensor), "a sensor is one of the settings")
        guard settings.sensors[sensor].name != name else { return }
        settings.sensors[sensor].name = name
        offSkin[sensor] = false
        withoutValue[sensor] = false
        lastHeartRate[sensor] = nil
        // The lamp is not left on for someone who has gone.
        panel.forget(sensor: sensor, now: time.monotonicNanoseconds)
        takeChanges(at: time)
    }
}
