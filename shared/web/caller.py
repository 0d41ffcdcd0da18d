"""Who calls a door that everybody may open, as far as an address says: what is counted against a limit."""

__all__ = ["caller"]

from ipaddress import IPv6Address, ip_address, ip_network

from flask import request

HOUSEHOLD = 64  # bits of an IPv6 address that one household shares


def caller() -> str:
    """Return what stands for one caller: an IPv4 address, also one written as IPv6, or the household's network."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, HOUSEHOLD), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
