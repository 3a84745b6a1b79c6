// What the calls of a sensor have come to.
extension LinkSupervisor {
    mutating func answered(
        _ index: Int, _ call: BluetoothCall, _ failure: CallFailure?, value: Span<UInt8>
    ) {
        switch call {
        case .connect: connectAnswered(index, failure)
        case .disconnect:
            guard sensors[index].phase == .disconnecting else { return }
            // BlueZ 5.66 answers before it says Connected=false.
            enter(index, .parting, due: time + 2 * second)
        case .removeDevice:
            guard sensors[index].phase == .removing else { return }
            enter(index, .idle)
            if failure == nil || failure == .unknownObject {
                if let device = sensors[index].device { forget(device, .deviceRemoved) }
            } else {
                bus.wantsRead = true
            }
        case .startNotify(_, let id), .acquireNotify(_, let id):
            subscriptionAnswered(index, id, failure)
        case .stopNotify(_, let id), .releaseNotify(_, let id): unsubscribeAnswered(index, id)
        case .readValue(_, let id):
            if failure == nil { takeRead(value, id, of: index) }
        default: return
        }
    }

    /// A call has not been answered in time. Whether the daemon still answers at all is asked by
    /// reading its objects: if it does not, it is restarted.
    mutating func timedOut(_ index: Int, _ call: BluetoothCall) {
        switch call {
        case .connect: return attemptFailed(index, .connectTimedOut)
        case .readValue: return
        case .disconnect:
            let isWanted = sensors[index].isEnabled
            bus.wantsRead = true
            guard sensors[index].phase == .disconnecting, isWanted else {
                return enter(index, .idle)
            }
            fail(index, .callTimedOut, atLeast: .removeDevice)
        case .removeDevice:
            bus.wantsRead = true
            fail(index, .callTimedOut, atLeast: .powerCycle)
        default:
            bus.wantsRead = true
            fail(index, .callTimedOut, atLeast: .reconnect)
        }
    }
}
