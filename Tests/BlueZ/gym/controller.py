"""The radio: Bumble's software controllers, repaired until a Linux host is content with them.

Bumble's `Controller` and `LocalLink` are made for Bumble's own host on both sides. Under a Linux
kernel and with sensors that come and go they lack what every real controller has. Each repair
below says what went wrong without it. Section numbers are those of the Bluetooth Core
Specification 5.4, volume 4, part E, where nothing else is said.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bumble import core, hci, ll
from bumble.controller import Connection, Controller
from bumble.link import LocalLink

# What the kernel asks for unless the sensor wishes otherwise (hci_conn defaults): 42 * 10 ms.
SUPERVISION_TIMEOUT_SECONDS_DEFAULT = 0.42
# Unit of the supervision time-out in a connection request (7.8.12).
SUPERVISION_UNIT_SECONDS = 0.01
RSSI_DBM_DEFAULT = -50
AddressKey = tuple[bytes, int]


def address_key(address: hci.Address) -> AddressKey:
    """What tells two devices apart: the address and whether it is public or random."""
    return bytes(address), int(address.address_type) & 1


class Air(LocalLink):
    """What carries packets between the controllers, instantly and without loss.

    Repairs: data is sent under the address that its connection was made with (Bumble took the
    sender's random address, so nothing arrived from a host that connects from its public one);
    a controller whose radio is off neither sends nor hears.
    """

    def send_acl_data(self, sender_controller: Radio, destination_address: hci.Address,
                      transport: core.PhysicalTransport, data: bytes) -> None:
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection is None or receiver is None:
            return
        if sender_controller.is_on and receiver.is_on:
            asyncio.get_running_loop().call_soon(
                receiver.on_link_acl_data, connection.self_address, transport, data)

    def send_ll_control_pdu(self, sender_address: hci.Address, receiver_address: hci.Address,
                            packet: ll.ControlPdu) -> None:
        ends = [self.find_le_controller(end) for end in (sender_address, receiver_address)]
        if all(end is not None and end.is_on for end in ends):
            super().send_ll_control_pdu(sender_address, receiver_address, packet)

    def send_advertising_pdu(self, sender_controller: Radio, packet: ll.AdvertisingPdu) -> None:
        if sender_controller.is_on:
            super().send_advertising_pdu(sender_controller, packet)


class Radio(Controller):
    """A controller as a Linux host needs it, or the radio of a sensor that may fall silent."""

    # As on the Raspberry Pi 3 and 4 (Bluetooth 4.2 commands): the kernel then scans and connects
    # with the legacy commands that are repaired here, not with the extended ones of 5.0.
    hci_version = lmp_version = hci.HCI_VERSION_BLUETOOTH_CORE_4_2
    le_features = (
        hci.LeFeatureMask.LE_ENCRYPTION
        | hci.LeFeatureMask.CONNECTION_PARAMETERS_REQUEST_PROCEDURE
        | hci.LeFeatureMask.EXTENDED_REJECT_INDICATION
        | hci.LeFeatureMask.PERIPHERAL_INITIATED_FEATURE_EXCHANGE
        | hci.LeFeatureMask.LE_PING)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.is_on = True
        self.rssi_dbm = RSSI_DBM_DEFAULT
        self._accepted: set[AddressKey] = set()
        self._reported: set[tuple[AddressKey, bytes]] = set()
        self._supervision_seconds: dict[bytes, float] = {}
        super().__init__(*arguments, **named)

    # --- Reset (7.3.2): Bumble kept every connection and filter across it, so an adapter that
    # was switched off and on found its old links still up.

    def on_hci_reset_command(self, command: hci.HCI_Command) -> hci.HCI_ReturnParameters:
        for connection in list(self.le_connections.values()):
            self.drop(connection, at_this_end=False)
        self.le_connections.clear()
        self.pending_le_connection = None
        self._accepted.clear()
        self._reported.clear()
        self.le_scan_enable = False
        self.le_legacy_advertiser.stop()
        return super().on_hci_reset_command(command)

    # --- Filter accept list (7.8.15 to 7.8.17): it was not kept. The kernel connects to "any
    # device of the list" and waited for ever.

    def on_hci_le_clear_filter_accept_list_command(
            self, command: hci.HCI_Command) -> hci.HCI_ReturnParameters:
        self._accepted.clear()
        return super().on_hci_le_clear_filter_accept_list_command(command)

    def on_hci_le_add_device_to_filter_accept_list_command(
            self, command: Any) -> hci.HCI_ReturnParameters:
        self._accepted.add((bytes(command.address), int(command.address_type) & 1))
        return super().on_hci_le_add_device_to_filter_accept_list_command(command)

    def on_hci_le_remove_device_from_filter_accept_list_command(
            self, command: Any) -> hci.HCI_ReturnParameters:
        self._accepted.discard((bytes(command.address), int(command.address_type) & 1))
        return super().on_hci_le_remove_device_from_filter_accept_list_command(command)

    # --- Cancelling a connection (7.8.13): it was answered and not done, so the kernel's next
    # request met Command Disallowed, for ever.

    def on_hci_le_create_connection_cancel_command(
            self, command: hci.HCI_Command) -> hci.HCI_ReturnParameters:
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        asyncio.get_running_loop().call_soon(
            self.send_hci_packet, hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0, role=0, peer_address_type=pending.peer_address_type,
                peer_address=pending.peer_address, connection_interval=0,
                peripheral_latency=0, supervision_timeout=0, central_clock_accuracy=0))
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    # --- Remote version (7.1.23): never answered, which cost the kernel a time-out a connection.

    def on_hci_read_remote_version_information_command(self, command: Any) -> None:
        self._send_hci_command_status(0, command.op_code)
        self.send_hci_packet(hci.HCI_Read_Remote_Version_Information_Complete_Event(
            status=0, connection_handle=command.connection_handle, version=8,
            manufacturer_name=0xFFFF, subversion=0))

    # --- RSSI (7.5.4): Bumble's is a constant.

    def on_hci_read_rssi_command(self, command: Any) -> hci.HCI_ReturnParameters:
        return hci.HCI_Read_RSSI_ReturnParameters(
            status=hci.HCI_ErrorCode.SUCCESS, handle=command.handle, rssi=self.rssi_dbm)

    # --- Scanning (7.8.10, 7.8.11, 7.7.65.2): no duplicate filter, no filter policy, and the
    # scan response repeated the advertisement.

    def on_hci_le_set_scan_enable_command(
            self, command: hci.HCI_Command) -> hci.HCI_ReturnParameters:
        self._reported.clear()
        return super().on_hci_le_set_scan_enable_command(command)

    def on_ll_advertising_pdu(self, packet: ll.AdvertisingPdu) -> None:
        if self.is_on:
            super().on_ll_advertising_pdu(packet)

    def on_advertising_pdu(self, pdu: ll.AdvInd) -> None:
        if self.le_scan_enable:
            self._report(pdu)
        pending = self.pending_le_connection
        if pending is None:
            return
        # With the policy set, any accepted device will do, and the request names none (7.8.12).
        if getattr(pending, "initiator_filter_policy", 0):
            if address_key(pdu.advertiser_address) not in self._accepted:
                return
            pending.peer_address = pdu.advertiser_address
        if pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def _report(self, pdu: ll.AdvInd) -> None:
        key = address_key(pdu.advertiser_address)
        if self.le_scanning_filter_policy & 1 and key not in self._accepted:
            return
        if self.filter_duplicates and (key, pdu.data) in self._reported:
            return
        self._reported.add((key, pdu.data))
        sender = self.link.find_le_controller(pdu.advertiser_address)
        response = sender.le_legacy_advertiser.scan_response_data if sender else b""
        event = hci.HCI_LE_Advertising_Report_Event
        reports = [(event.EventType.ADV_IND, pdu.data)]
        if self.le_scan_type:
            reports.append((event.EventType.SCAN_RSP, response))
        for kind, data in reports:
            self.send_hci_packet(event([event.Report(
                event_type=kind, address_type=pdu.advertiser_address.address_type,
                address=pdu.advertiser_address, data=data,
                rssi=sender.rssi_dbm if sender else RSSI_DBM_DEFAULT)]))

    # --- Supervision time-out (volume 6, part B, section 4.5.2): a lost link stayed up for ever.

    def create_le_connection(self, peer_address: hci.Address) -> None:
        pending = self.pending_le_connection
        super().create_le_connection(peer_address)
        self._supervision_seconds[bytes(peer_address)] = (
            pending.supervision_timeout * SUPERVISION_UNIT_SECONDS)

    def drop(self, connection: Connection, at_this_end: bool = True) -> None:
        """Loses the link without a word: each end notices when its supervision runs out."""
        peer = self.link.find_le_controller(connection.peer_address)
        seconds = self._supervision_seconds.get(bytes(connection.peer_address))
        if seconds is None and peer is not None:
            seconds = peer._supervision_seconds.get(bytes(connection.self_address))
        ends = [(self, connection.peer_address)] if at_this_end else []
        if peer is not None:
            ends.append((peer, connection.self_address))
        for radio, address in ends:
            asyncio.get_running_loop().call_later(
                seconds or SUPERVISION_TIMEOUT_SECONDS_DEFAULT, radio._end, address,
                radio.le_connections.get(address))

    def _end(self, address: hci.Address, lost: Connection | None) -> None:
        # A new link to the same address may have come up since.
        if lost is not None and self.le_connections.get(address) is lost:
            self.on_le_disconnected(lost, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
