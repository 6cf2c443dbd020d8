"""Some two hundred words that names of bookings are made of, the common ones first."""

COMMON_WORD, RARE_WORD = "session", "axolotl"
"""A word of about every eighth name, and one of each name in a thousand."""
RARELY = 1000


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


KINDS = _split("""
session meeting training maintenance measurement course workshop imaging calibration review rehearsal
demonstration inspection recording interview seminar simulation benchmark rendering sequencing alignment
screening sampling exposure assembly milling printing cutting welding testing survey excursion tournament
practice match lecture exam briefing retreat hackathon exhibition launch audit planning onboarding
""")
QUALITIES = _split("""
weekly urgent first second final long short early late joint annual pilot internal public remote extended open
closed advanced basic quick spring summer autumn winter nightly monthly special regular preliminary repeated
corrected combined guided silent
""")
SUBJECTS = _split("""
protein robot sensor battery antenna crystal polymer neuron pollen glacier turbine harbour bridge textile
pigment ceramic lichen beetle salmon reindeer spruce birch moss peat granite basalt meteor comet galaxy quasar
photon plasma laser mirror lens prism grating detector amplifier compiler kernel cluster cache network router
firewall archive catalogue manuscript parchment mosaic fresco violin cello organ choir opera ballet theatre
puppet lantern candle beacon lighthouse ferry kayak canoe sailboat tractor harvester orchard vineyard brewery
bakery dairy cheese honey hive bumblebee wasp moth dragonfly mayfly plankton algae coral urchin lobster oyster
seal walrus puffin heron falcon owl raven magpie sparrow finch robin wren thrush nightingale cuckoo
""")
