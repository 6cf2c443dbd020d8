"""Closed sets of values, as clients see them."""

from enum import StrEnum


class ResourceState(StrEnum):
    """What has become of a booking."""

    CREATING = "Creating"
    OK = "OK"
    ERRED = "Erred"
    UPDATING = "Updating"
    TERMINATING = "Terminating"
    TERMINATED = "Terminated"


LIVE_STATES = (ResourceState.CREATING, ResourceState.UPDATING, ResourceState.OK)
"""A booking in one of these states holds its slots; no two such bookings of one offering overlap."""


class OrderState(StrEnum):
    """What has become of an order."""

    PENDING_CONSUMER = "pending-consumer"
    PENDING_PROVIDER = "pending-provider"
    PENDING_PROJECT = "pending-project"
    PENDING_START_DATE = "pending-start-date"
    EXECUTING = "executing"
    DONE = "done"
    ERRED = "erred"
    CANCELED = "canceled"
    REJECTED = "rejected"


IN_PROGRESS_STATES = (OrderState.PENDING_CONSUMER, OrderState.PENDING_PROVIDER, OrderState.EXECUTING)
"""An order in one of these states is shown as `order_in_progress` and keeps a booking from being terminated."""


UNDECIDED_STATES = (*IN_PROGRESS_STATES, OrderState.PENDING_PROJECT, OrderState.PENDING_START_DATE)
"""An order in one of these states has not ended."""


class RequestType(StrEnum):
    """What an order asks for."""

    CREATE = "Create"
    UPDATE = "Update"
    TERMINATE = "Terminate"
    RESTORE = "Restore"


class BillingUnit(StrEnum):
    """The period or amount that a plan's price is for."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_MONTH = "half_month"
    DAY = "day"
    HOUR = "hour"
    QUANTITY = "quantity"


class BillingType(StrEnum):
    """How a component of an offering is charged."""

    FIXED = "fixed"
    USAGE = "usage"
    ONE_TIME = "one"
    ON_PLAN_SWITCH = "few"
    LIMIT = "limit"


class LimitPeriod(StrEnum):
    """The period that a limit of a component covers."""

    MONTH = "month"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"
    TOTAL = "total"


class OfferingState(StrEnum):
    """Whether an offering may be ordered."""

    DRAFT = "Draft"
    ACTIVE = "Active"
    PAUSED = "Paused"
    ARCHIVED = "Archived"


class Role(StrEnum):
    """Roles that a user may be granted on an organisation, a project or an offering."""

    CUSTOMER_OWNER = "CUSTOMER.OWNER"
    CUSTOMER_MANAGER = "CUSTOMER.MANAGER"
    CUSTOMER_SUPPORT = "CUSTOMER.SUPPORT"
    PROJECT_ADMIN = "PROJECT.ADMIN"
    PROJECT_MANAGER = "PROJECT.MANAGER"
    PROJECT_MEMBER = "PROJECT.MEMBER"
    OFFERING_MANAGER = "OFFERING.MANAGER"


class RoleAction(StrEnum):
    """What happened to a role of a user."""

    GRANTED = "granted"
    CHANGED = "changed"
    REVOKED = "revoked"


class Permission(StrEnum):
    """Permissions that this service asks about; a role may carry others as well."""

    ACCEPT_BOOKING = "RESOURCE.ACCEPT_BOOKING_REQUEST"
    REJECT_BOOKING = "RESOURCE.REJECT_BOOKING_REQUEST"
    TERMINATE_RESOURCE = "RESOURCE.TERMINATE"
    APPROVE_ORDER = "ORDER.APPROVE"
    APPROVE_PRIVATE_ORDER = "ORDER.APPROVE_PRIVATE"
    REJECT_ORDER = "ORDER.REJECT"
    CREATE_OFFERING = "OFFERING.CREATE"
    UPDATE_OFFERING = "OFFERING.UPDATE"
    UPDATE_OFFERING_ATTRIBUTES = "OFFERING.UPDATE_ATTRIBUTES"
    PAUSE_OFFERING = "OFFERING.PAUSE"
    UNPAUSE_OFFERING = "OFFERING.UNPAUSE"
    ARCHIVE_OFFERING = "OFFERING.ARCHIVE"
    CREATE_PROJECT = "PROJECT.CREATE"
    CREATE_CUSTOMER_PERMISSION = "CUSTOMER.CREATE_PERMISSION"
    UPDATE_CUSTOMER_PERMISSION = "CUSTOMER.UPDATE_PERMISSION"
    DELETE_CUSTOMER_PERMISSION = "CUSTOMER.DELETE_PERMISSION"
    CREATE_PROJECT_PERMISSION = "PROJECT.CREATE_PERMISSION"
    UPDATE_PROJECT_PERMISSION = "PROJECT.UPDATE_PERMISSION"
    DELETE_PROJECT_PERMISSION = "PROJECT.DELETE_PERMISSION"
    CREATE_OFFERING_PERMISSION = "OFFERING.CREATE_PERMISSION"
    UPDATE_OFFERING_PERMISSION = "OFFERING.UPDATE_PERMISSION"
    DELETE_OFFERING_PERMISSION = "OFFERING.DELETE_PERMISSION"


class Subject(StrEnum):
    """What of an offering was changed."""

    ATTRIBUTES = "attributes"
    RULES = "rules"


BOOKING_OFFERING_TYPE = "Marketplace.Booking"
"""Resources of offerings of any other type are not bookings and are never shown."""
