"""The invented world of the demo data: who there is, what can be booked, and what for. Nothing here knows the date."""

from typing import NamedTuple, TypeAlias
from uuid import UUID, uuid5

NAMESPACE = UUID("6f1d7e52-58a7-4c1e-9a53-0d2b8f3c7a10")
STAMPS = {"created": "2023-03-01T08:00:00Z", "modified": "2023-03-01T08:00:00Z"}
PRICE = "5.0000000000"
Row: TypeAlias = dict[str, object]


class Person(NamedTuple):
    """A user; the username says the role where the role matters."""

    username: str
    first_name: str
    last_name: str
    is_staff: bool = False
    is_support: bool = False
    is_active: bool = True


class Organisation(NamedTuple):
    """A provider or a consumer of offerings; `reviewer` decides about requests on its behalf."""

    slug: str
    name: str
    abbreviation: str
    native_name: str
    reviewer: str


class Project(NamedTuple):
    """A project of an organisation; `ends_in` counts days from the day of the data set."""

    slug: str
    name: str
    description: str
    organisation: str
    ends_in: int | None = None


class Grant(NamedTuple):
    """A role of a person in one organisation, project or offering, named by its slug."""

    username: str
    role: str
    scope_type: str
    scope: str
    is_active: bool = True


class Component(NamedTuple):
    """What an offering charges for: by usage, as a fixed or one-time price, or by limit."""

    type: str
    name: str
    billing_type: str
    measured_unit: str
    limit_period: str | None = None
    limit_amount: int | None = None
    max_value: int | None = None
    min_value: int | None = None


class Plan(NamedTuple):
    """A price per unit of an offering."""

    name: str
    unit: str
    unit_price: str
    description: str = ""
    archived: bool = False


class Offering(NamedTuple):
    """Something to book: from hour `opens` (UTC), `a_day` sessions on a busy day, each one of `hours` long.

    A request is a name, a description and a project. With a reason for a pause the offering is paused.
    """

    slug: str
    name: str
    description: str
    organisation: str
    category: str
    components: tuple[Component, ...]
    plans: tuple[Plan, ...]
    opens: int
    hours: tuple[int, ...]
    a_day: tuple[int, ...]
    requests: tuple[tuple[str, str, str], ...]
    parent: str | None = None
    shared: bool = True
    billable: bool = True
    paused_reason: str = ""
    host: str = ""
    supports_lexis: bool = False
    place: tuple[float, float] | None = None
    terms: str = ""


PEOPLE = (
    Person("staff", "Signe", "Lindqvist", is_staff=True),
    Person("support", "Tomás", "Herrera", is_support=True),
    Person("provider-owner", "Ingrid", "Solheim"),
    Person("provider-manager", "Paul", "Okafor"),
    Person("offering-manager", "Mei", "Tanaka"),
    Person("consumer-owner", "Beatrix", "Honigmann"),
    Person("creator", "Zoë", "Nakamura"),
    Person("stranger", "Otto", "Tundmatu"),
    Person("hanna.berg", "Hanna", "Berg"),
    Person("mateo.silva", "Mateo", "Silva"),
    Person("aarav.iyer", "Aarav", "Iyer"),
    Person("ylle.kask", "Ülle", "Kask"),
    Person("lukasz.zielinski", "Łukasz", "Zieliński"),
    Person("nia.mensah", "Nia", "Mensah"),
    Person("former-owner", "Edda", "Vane", is_active=False),
)

ORGANISATIONS = (
    Organisation("imaging-core", "Northbridge University Imaging Core", "NUIC", "", "provider-manager"),
    Organisation("fjord-hpc", "Fjord Supercomputing Centre", "FSC", "Fjord superdatasenter", "hanna.berg"),
    Organisation("harbour-conference", "Harbour Conference Centre", "HCC", "", "mateo.silva"),
    Organisation("pollinators", "Institute for Pollinator Research", "IPR", "Tolmeldajate instituut", "consumer-owner"),
    Organisation("lumen-robotics", "Lumen Robotics", "LUM", "", "aarav.iyer"),
    Organisation("old-town-museum", "Museum of the Old Town", "MOT", "Vanalinna muuseum", "ylle.kask"),
)

PROJECTS = (
    Project("bee-connectome", "Bee connectome", "Every neuron of a bee brain, mapped", "pollinators", 420),
    Project("hive-health", "Hive health", "Mites, pesticides and winter losses", "pollinators"),
    Project("soft-gripper", "Soft gripper", "A hand that picks ripe strawberries", "lumen-robotics", 180),
    Project("warehouse-vision", "Warehouse vision", "Cameras that count boxes", "lumen-robotics"),
    Project("lost-textiles", "Lost textiles", "Dyes and fibres of medieval cloth", "old-town-museum"),
    Project("light-and-shadow", "Exhibition “Light & Shadow”", "", "old-town-museum", 90),
    Project("imaging-operations", "Imaging operations", "Method development of the core facility", "imaging-core"),
    Project("hpc-operations", "HPC operations", "", "fjord-hpc"),
    Project("venue-operations", "Venue operations", "", "harbour-conference"),
)

BEES, HIVE, GRIP, BOXES, CLOTH, SHOW = (project.slug for project in PROJECTS[:6])
LAB, HPC, VENUE = (project.slug for project in PROJECTS[6:])

# Who asks for bookings in a project, in turn.
BOOKERS = {
    BEES: ("creator", "creator", "consumer-owner"),
    HIVE: ("creator",),
    GRIP: ("lukasz.zielinski",),
    BOXES: ("aarav.iyer", "lukasz.zielinski"),
    CLOTH: ("nia.mensah", "ylle.kask"),
    SHOW: ("ylle.kask",),
    LAB: ("provider-manager", "offering-manager"),
    HPC: ("hanna.berg",),
    VENUE: ("mateo.silva",),
}

GRANTS = (
    Grant("provider-owner", "CUSTOMER.OWNER", "customer", "imaging-core"),
    Grant("provider-manager", "CUSTOMER.MANAGER", "customer", "imaging-core"),
    Grant("former-owner", "CUSTOMER.OWNER", "customer", "imaging-core", is_active=False),
    Grant("hanna.berg", "CUSTOMER.OWNER", "customer", "fjord-hpc"),
    Grant("mateo.silva", "CUSTOMER.OWNER", "customer", "harbour-conference"),
    Grant("consumer-owner", "CUSTOMER.OWNER", "customer", "pollinators"),
    Grant("aarav.iyer", "CUSTOMER.OWNER", "customer", "lumen-robotics"),
    Grant("ylle.kask", "CUSTOMER.OWNER", "customer", "old-town-museum"),
    Grant("offering-manager", "OFFERING.MANAGER", "offering", "confocal-microscope"),
    Grant("offering-manager", "OFFERING.MANAGER", "offering", "light-sheet-microscope"),
    Grant("creator", "PROJECT.MANAGER", "project", "bee-connectome"),
    Grant("creator", "PROJECT.MANAGER", "project", "hive-health"),
    Grant("lukasz.zielinski", "PROJECT.ADMIN", "project", "soft-gripper"),
    Grant("nia.mensah", "PROJECT.ADMIN", "project", "lost-textiles"),
)

DECIDE = ("RESOURCE.ACCEPT_BOOKING_REQUEST", "RESOURCE.REJECT_BOOKING_REQUEST")
ROLE_PERMISSIONS = {
    "CUSTOMER.MANAGER": DECIDE,
    "CUSTOMER.OWNER": ("ORDER.APPROVE", "ORDER.REJECT", *DECIDE, "RESOURCE.TERMINATE"),
    "OFFERING.MANAGER": DECIDE,
    "PROJECT.ADMIN": ("RESOURCE.TERMINATE",),
    "PROJECT.MANAGER": ("RESOURCE.TERMINATE",),
}

CATEGORIES = {
    "instruments": {"title": "Instruments", "description": "Laboratory instruments with trained operators", "icon": ""},
    "computing": {"title": "Computing", "description": "Compute nodes and test beds", "icon": ""},
    "rooms": {"title": "Rooms", "description": "Halls, meeting rooms and studios", "icon": ""},
}

# (offering, user): the login name of the user at the offering.
OFFERING_USERS = {
    ("confocal-microscope", "creator"): "z.nakamura",
    ("gpu-node-g07", "creator"): "znakamura",
    ("gpu-partition", "lukasz.zielinski"): "lzielinski",
    ("gpu-partition", "staff"): None,
}

HOURS = Component("hours", "Hours booked", "usage", "h")
OPERATOR = Component("operator", "Operator assistance", "usage", "h")
SETUP = Component("setup", "Setup", "one", "pcs")
SERVICE = Component("service", "Service fee", "fixed", "pcs")
GPU_HOURS = Component("gpu", "GPU hours", "limit", "h", "month")
STORAGE = Component("storage", "Storage", "limit", "TB", "total")

OFFERINGS = (
    Offering(
        "light-microscopy", "Light microscopy suite", "The whole suite, for courses and demonstrations.",
        "imaging-core", "instruments", (SERVICE,), (Plan("Course day", "day", "240"),), 8, (3, 4), (1, 2),
        (("Introductory course: light microscopy", "For new users. Bring a sample of your own.", BEES),
         ("Open house for school classes", "", HIVE),
         ("Vendor demonstration: adaptive optics", "Coffee is provided.", GRIP)),
    ),
    Offering(
        "confocal-microscope", "Confocal microscope", "Point scanning confocal, five laser lines, 37 °C chamber.",
        "imaging-core", "instruments", (HOURS, OPERATOR),
        (Plan("Academic", "hour", "35", "For universities and museums"), Plan("Industry", "hour", "90")),
        8, (1, 2, 3, 4), (2, 3),
        (("Confocal session: wasp antennae", "Fixed samples, 63× oil.", BEES),
         ("Calcium imaging, run 4", "Live tissue: please heat the chamber an hour ahead.", BEES),
         ("Medieval linen, fibre cross-sections", "", CLOTH), ("Colocalisation test, batch B", "Three channels.", HIVE),
         ("Elastomer surface after 10⁶ grips", "", GRIP)),
        parent="light-microscopy",
    ),
    Offering(
        "light-sheet-microscope", "Light-sheet microscope", "Whole cleared organs in minutes.",
        "imaging-core", "instruments", (HOURS, SETUP), (Plan("Standard", "hour", "60"),), 9, (2, 3, 5), (1, 2, 2),
        (("Cleared bumblebee, whole body", "", BEES), ("Zebrafish heart, 12 h pilot", "Night staff informed.", BEES),
         ("Amber inclusion nº 17", "Fragile loan, handle with gloves.", CLOTH)),
        parent="light-microscopy",
    ),
    Offering(
        "cryo-electron-microscope", "Cryo-electron microscope", "300 kV, with an operator at all times.",
        "imaging-core", "instruments", (HOURS, SERVICE, SETUP), (Plan("Per day", "day", "1200"),), 7, (12, 24), (1,),
        (("Cryo-EM: royal jelly proteins", "Grids arrive the day before.", HIVE),
         ("Cryo-EM: deformed wing virus", "Biosafety form signed.", HIVE), ("Screening session", "", BEES)),
        place=(58.3776, 26.729), terms="Users pay for broken grids.",
    ),
    Offering(
        "prototype-microscope", "Prototype microscope", "Built in house, not for everyone yet.",
        "imaging-core", "instruments", (), (), 10, (4, 6), (1,),
        (("Alignment day", "", LAB), ("Point spread function, again", "Beads of 100 nm.", LAB)),
        shared=False, billable=False,
    ),
    Offering(
        "gpu-partition", "GPU partition", "Sixteen nodes at once, by limits per month.",
        "fjord-hpc", "computing", (GPU_HOURS, STORAGE), (Plan("Allocation", "month", "900"),), 0, (24, 48), (1,),
        (("Foundation model for insect flight", "Checkpoint every hour.", BEES),
         ("Strawberry detector, full training", "", GRIP), ("Hyperparameter sweep α/β", "", BOXES)),
        host="login.hpc.example.com", supports_lexis=True,
    ),
    Offering(
        "gpu-node-g07", "GPU node g07", "Eight GPUs, 2 TB memory.",
        "fjord-hpc", "computing", (HOURS,), (Plan("Hourly", "hour", "18"),), 6, (6, 12, 24), (1, 2),
        (("LLM fine-tuning, node g07", "Evaluation on the museum's letters.", CLOTH),
         ("Segmentation of EM stack 12", "", BEES), ("Notebook course: PyTorch", "20 participants.", HIVE),
         ("Gripper simulation, 10⁴ strawberries", "", GRIP)),
        parent="gpu-partition", host="g07.hpc.example.com",
    ),
    Offering(
        "gpu-node-g08", "GPU node g08", "Eight GPUs, fast local disks.",
        "fjord-hpc", "computing", (HOURS, STORAGE), (Plan("Half month", "half_month", "2400"),), 6, (12, 24), (1, 2),
        (("Rendering: exhibition fly-through", "8K, 40 s.", SHOW), ("Pollen classifier, nightly", "", HIVE),
         ("Box counting benchmark", "Compare with g07.", BOXES)),
        parent="gpu-partition", host="g08.hpc.example.com",
    ),
    Offering(
        "quantum-test-bed", "Quantum test bed", "Five qubits, for the curious.",
        "fjord-hpc", "computing", (SERVICE,), (Plan("Packs of shots", "quantity", "7"),), 8, (2, 4), (1, 2),
        (("Variational solver, first try", "", HPC), ("Teaching: Bell states", "Second-year students.", HPC)),
        shared=False, paused_reason="The cooling is being replaced",
    ),
    Offering(
        "aurora-hall", "Aurora hall", "200 seats, stage, interpreter booths.",
        "harbour-conference", "rooms", (SERVICE, SETUP), (Plan("Daily", "day", "850"),), 8, (4, 8), (1,),
        (("Pollinator Day 🐝", "Public, free entry.", HIVE),
         ("Product launch: Gripper 2", "Two robots on stage, 16 A.", GRIP),
         ("Opening of “Light & Shadow”", "Drinks afterwards.", SHOW)),
        place=(59.4437, 24.7536), terms="No open fire. Doors close at 23:00.",
    ),
    Offering(
        "boardroom", "Boardroom", "Twelve seats, a screen and a view of the harbour.",
        "harbour-conference", "rooms", (HOURS,),
        (Plan("Hourly", "hour", "25"), Plan("Old tariff", "hour", "20", archived=True)), 8, (1, 2, 3), (2, 3, 4),
        (("Board meeting", "", BEES), ("Job interviews", "Please put water on the table.", BOXES),
         ("Grant writing day", "", BEES),
         ("Conservators' meeting: überraschende Funde", "Hybrid, camera needed.", CLOTH), ("Sprint review", "", GRIP)),
    ),
    Offering(
        "podcast-studio", "Podcast studio", "Four microphones, no echo.",
        "harbour-conference", "rooms", (HOURS, SETUP), (Plan("Session", "quantity", "55"),), 10, (1, 2), (1, 2),
        (("Podcast: behind the scenes", "", VENUE), ("Sound test", "Two microphones were noisy.", VENUE)),
        shared=False,
    ),
)  # fmt: skip


def identifier(kind: str, key: str) -> str:
    """The stable uuid of a named thing of the demo."""
    return str(uuid5(NAMESPACE, f"{kind}/{key}"))


def people() -> Row:
    """The tables of people, organisations and roles."""
    grants = [grant._asdict() | {"scope": identifier(grant.scope_type, grant.scope)} for grant in GRANTS]
    return {
        "users": {identifier("user", person.username): _user(person) for person in PEOPLE},
        "customers": {identifier("customer", o.slug): _customer(o) for o in ORGANISATIONS},
        "role_permissions": {role: list(permissions) for role, permissions in ROLE_PERMISSIONS.items()},
        "user_roles": [
            grant | {"user": identifier("user", grant["username"]), "expiration_time": None} for grant in grants
        ],
        "offering_users": [
            {"offering": identifier("offering", offering), "user": identifier("user", user), "username": username}
            for (offering, user), username in OFFERING_USERS.items()
        ],
    }


def prices() -> Row:
    """The tables of what offerings charge for, and how much."""
    components: Row = {}
    plans: Row = {}
    plan_components: list[Row] = []
    for offering in OFFERINGS:
        belongs = {"offering": identifier("offering", offering.slug)}
        own = {identifier("component", f"{offering.slug}/{c.type}"): c for c in offering.components}
        components |= {uuid: c._asdict() | belongs for uuid, c in own.items()}
        for plan in offering.plans:
            key = identifier("plan", f"{offering.slug}/{plan.name}")
            plans[key] = plan._asdict() | belongs | STAMPS | {"unit_price": f"{plan.unit_price}.0000000000"}
            plan_components += [
                {"plan": key, "component": uuid, "amount": int(c.billing_type == "fixed"), "price": PRICE}
                for uuid, c in own.items()
            ]
    return {"offering_components": components, "plans": plans, "plan_components": plan_components}


def categories() -> Row:
    """The table of categories."""
    return {identifier("category", slug): row | STAMPS for slug, row in CATEGORIES.items()}


def _user(person: Person) -> Row:
    return person._asdict() | {"email": f"{person.username}@example.com", "civil_number": None}


def _customer(organisation: Organisation) -> Row:
    row = organisation._asdict() | {"blocked": False, "archived": False} | STAMPS
    del row["reviewer"]
    return row
