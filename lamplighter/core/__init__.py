"""The ground floor: pure functions and values. No Prefect, no disk, no network, no clock."""
