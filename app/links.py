"""Where things are: the paths that links in responses name, and under which they answer."""

from app.query.fieldset import DirectoryPath

BOOKING = "/api/booking-resources/{}/"
BOOKING_OFFERING = DirectoryPath("/api/booking-offerings/{}/")
CATEGORY = DirectoryPath("/api/marketplace-categories/{}/")
CUSTOMER = DirectoryPath("/api/customers/{}/")
MEDIA = DirectoryPath("/api/media/{}/")
ORDER = "/api/marketplace-orders/{}/"
PLAN = DirectoryPath("/api/marketplace-public-offerings/{}/plans/{}/")
PROJECT = DirectoryPath("/api/projects/{}/")
PROVIDER_OFFERING = DirectoryPath("/api/marketplace-provider-offerings/{}/")
PUBLIC_OFFERING = DirectoryPath("/api/marketplace-public-offerings/{}/")
RESOURCE = "/api/marketplace-resources/{}/"
USER = DirectoryPath("/api/users/{}/")
