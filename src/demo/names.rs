//! Names of people and companies from several parts of the world.

use super::random::Random;

/// A culture that people come from.
pub struct Culture {
    pub locale: &'static str,
    pub country_code: &'static str,
    given: &'static [&'static str],
    family: &'static [&'static str],
    full: fn(&str, &str) -> String,
}

/// A person's name.
pub struct Name {
    pub given: &'static str,
    pub family: &'static str,
    pub full: String,
    pub culture: &'static Culture,
}

fn given_first(given: &str, family: &str) -> String {
    format!("{given} {family}")
}

fn family_first(given: &str, family: &str) -> String {
    format!("{family}{given}")
}

/// Names at the front are more frequent.
const CULTURES: [Culture; 10] = [
    Culture {
        locale: "en-GB",
        country_code: "44",
        given: &["Emma", "Oliver", "Amelia", "Jack", "Grace", "Harry", "Isla", "Noah", "Ruby", "Theo", "Poppy", "Ewan"],
        family: &["Taylor", "Walker", "Hughes", "O’Brien", "Wright", "Fletcher", "Bennett", "McKay", "Ashdown", "Reed"],
        full: given_first,
    },
    Culture {
        locale: "de-DE",
        country_code: "49",
        given: &["Mara", "Jonas", "Käthe", "Lukas", "Frieda", "Björn", "Anneliese", "Jürgen", "Sabine", "Moritz"],
        family: &["Keller", "Müller", "Schröder", "Weiß", "Lindner", "Vogel", "von der Heide", "Krämer", "Baumann"],
        full: given_first,
    },
    Culture {
        locale: "fr-FR",
        country_code: "33",
        given: &["Camille", "Théo", "Chloé", "Léa", "Hugo", "Zoé", "François", "Maëlle", "Anaïs", "Jérôme"],
        family: &["Moreau", "Lefèvre", "Garnier", "Dubois", "Français", "Benoît", "d’Aubigny", "Pelletier", "Rousseau"],
        full: given_first,
    },
    Culture {
        locale: "es-ES",
        country_code: "34",
        given: &["Lucía", "Mateo", "Sofía", "Íñigo", "Carmen", "Andrés", "Begoña", "José María", "Núria"],
        family: &["García", "Muñoz", "Ibáñez", "Peña", "Castaño", "de la Fuente", "Vázquez", "Ordóñez"],
        full: given_first,
    },
    Culture {
        locale: "pl-PL",
        country_code: "48",
        given: &["Zofia", "Łukasz", "Małgorzata", "Paweł", "Świętosława", "Jędrzej", "Agnieszka", "Grażyna"],
        family: &["Kowalska", "Wiśniewski", "Zając", "Dąbrowska", "Źródlewski", "Piątek", "Łącka"],
        full: given_first,
    },
    Culture {
        locale: "tr-TR",
        country_code: "90",
        given: &["Elif", "Çağla", "İbrahim", "Gülşen", "Ömer", "Işıl", "Yiğit", "Şule"],
        family: &["Yılmaz", "Öztürk", "Çelik", "Şahin", "Doğan", "Güneş", "Işık"],
        full: given_first,
    },
    Culture {
        locale: "zh-CN",
        country_code: "86",
        given: &["伟", "秀英", "晓明", "思远", "雨桐", "子涵", "建国", "梓萱"],
        family: &["王", "李", "张", "刘", "陈", "欧阳", "赵"],
        full: family_first,
    },
    Culture {
        locale: "ja-JP",
        country_code: "81",
        given: &["さくら", "太郎", "美咲", "健一", "陽菜", "翔太", "ゆい"],
        family: &["佐藤", "鈴木", "高橋", "田中", "渡辺", "山本", "小林"],
        full: family_first,
    },
    Culture {
        locale: "ar-EG",
        country_code: "20",
        given: &["فاطمة", "أحمد", "ليلى", "يوسف", "مريم", "عمر", "نور"],
        family: &["حسن", "إبراهيم", "المصري", "منصور", "الشريف", "عبد الله"],
        full: given_first,
    },
    Culture {
        locale: "uk-UA",
        country_code: "380",
        given: &["Оксана", "Тарас", "Соломія", "Ярослав", "Ганна", "Дмитро"],
        family: &["Шевченко", "Коваленко", "Бондар", "Лисенко", "Ткачук"],
        full: given_first,
    },
];

const COMPANIES: &[&str] = &[
    "Harbour Coffee",
    "Nordlicht Möbel",
    "Boulangerie du Pont",
    "Talleres Ibáñez",
    "Green Lane Cycles",
    "Papeterie Lefèvre",
    "東京文具",
    "Zajazd pod Lipą",
    "Güneş Tekstil",
    "Fletcher & Daughters",
    "Atelier 27",
    "Blue Door Bakery",
    "北京书店",
    "مكتبة النيل",
    "Quay Street Dental",
];

const LEGAL_FORMS: &[&str] = &["Ltd", "GmbH", "SARL", "S.L.", "Sp. z o.o.", "& Co."];

pub const TITLES: &[&str] =
    &["Owner", "Purchasing", "Office manager", "Directrice", "Geschäftsführer", "店长", "Accounts"];

pub const MIDDLE: &[&str] = &["J.", "Marie", "A.", "Lou", "Maria"];

impl Name {
    pub fn of(random: &mut Random) -> Self {
        // The minimum of two random numbers, so half of all people come from the first three.
        let culture = &CULTURES[random.below(CULTURES.len()).min(random.below(CULTURES.len()))];
        let (given, family) = (random.pick(culture.given), random.pick(culture.family));
        Self { given, family, full: (culture.full)(given, family), culture }
    }
}

pub fn company(random: &mut Random) -> String {
    let name = random.pick(COMPANIES);
    if random.chance(50) { format!("{name} {}", random.pick(LEGAL_FORMS)) } else { name.to_owned() }
}
