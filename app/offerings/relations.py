"""What an offering is related to; the same for bookings and for orders of it."""

from sqlalchemy.orm import aliased

from app.kit.joins import Relations
from app.models import Category, Customer, Offering

Provider = aliased(Customer, name="provider")
"""The organisation that offers."""

OFFERING_RELATIONS: Relations = {
    Provider: Provider.uuid == Offering.customer_uuid,
    Category: Category.uuid == Offering.category_uuid,
}
