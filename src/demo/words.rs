//! Texts of notes. The text generator replaces `{...}` by a word.

use crate::store::entity::note::ReferenceType;

/// A topic of notes: its note type, and texts about it.
pub struct Topic {
    pub note_type: &'static str,
    pub reference: Option<ReferenceType>,
    pub subjects: &'static [&'static str],
    pub details: &'static [&'static str],
    pub messages: &'static [&'static str],
    pub tags: &'static [&'static str],
}

pub const TOPICS: [Topic; 8] = [
    Topic {
        note_type: "Call",
        reference: Some(ReferenceType::Customer),
        subjects: &[
            "Call back about {product}",
            "Asked for a call on {day}",
            "Phone call: question about {product}",
            "Missed call, please ring back 📞",
        ],
        details: &[
            "Called about {product} and would like to hear from us on {day}.",
            "Could not be reached on the mobile; the office number works better in the {time}.",
            "Wants to know whether {product} is still in stock at {place}.",
        ],
        messages: &[
            "Called, no answer. Trying again on {day}.",
            "Reached the voice mail and left our number.",
            "Spoke for {number} minutes; {product} is settled.",
            "Prefers a call in the {time}.",
        ],
        tags: &["call", "follow-up", "callback"],
    },
    Topic {
        note_type: "Visit",
        reference: Some(ReferenceType::Appointment),
        subjects: &["Visit at {place} on {day}", "Came by for {product}", "Show {product} on the next visit"],
        details: &[
            "Came by {place} to look at {product}. Very interested in the larger size.",
            "Visit planned for {day} in the {time}; parking is behind the building.",
            "We went through the last {number} orders together. Happy overall.",
        ],
        messages: &[
            "Confirmed for {day}, {time}.",
            "The visit moved to {day}.",
            "Good talk. Next step is an offer for {product}.",
        ],
        tags: &["visit", "on-site", "sales"],
    },
    Topic {
        note_type: "Complaint",
        reference: Some(ReferenceType::Order),
        subjects: &[
            "Damaged on arrival: {product}",
            "Complaint about the delivery to {place}",
            "Waiting {number} days for an answer 😠",
            "Wrong {product} in the parcel",
        ],
        details: &[
            "The box was open and {product} has a scratch of {number} cm. Photos are attached.",
            "This is the second time that {product} comes late. Asks for a refund of the shipping.",
            "Received the wrong colour. Wants to keep it at a lower price, or have it collected on {day}.",
        ],
        messages: &[
            "Apologised and offered {number} % off the next order.",
            "Replacement is on its way, due on {day}.",
            "The carrier confirms the damage.",
            "Is content with the solution. 👍",
            "Photos received, passed on to the warehouse.",
        ],
        tags: &["complaint", "damaged", "refund", "urgent"],
    },
    Topic {
        note_type: "Order",
        reference: Some(ReferenceType::Order),
        subjects: &["Order of {number} × {product}", "Change of an order: {product}", "Offer for {product}"],
        details: &[
            "Would like {number} × {product}, delivered to {place} not later than {day}.",
            "Please add {product} to the open order and send the confirmation again.",
            "Asks for a better price from {number} pieces upwards.",
        ],
        messages: &[
            "Offer sent, valid until {day}.",
            "Ordered. {number} pieces are in stock, the rest follows.",
            "Confirmation sent again.",
            "Price agreed with purchasing.",
        ],
        tags: &["order", "offer", "wholesale"],
    },
    Topic {
        note_type: "Billing",
        reference: Some(ReferenceType::Transaction),
        subjects: &["Invoice for {product} paid twice", "Question about an invoice", "New billing address: {place}"],
        details: &[
            "Paid the invoice of {day} twice, asks for the money back.",
            "Needs the tax number on the invoice; {product} was bought for the company.",
            "Payment is {number} days late. Promised to transfer it by {day}.",
        ],
        messages: &[
            "Refund ordered, takes {number} working days.",
            "Corrected invoice sent.",
            "Payment arrived. ✅",
            "Reminder sent, friendly.",
        ],
        tags: &["billing", "invoice", "refund"],
    },
    Topic {
        note_type: "Membership",
        reference: Some(ReferenceType::MembershipCard),
        subjects: &["Lost membership card", "Points of {day} are missing", "Wants to become a member 🎉"],
        details: &[
            "Lost the card at {place}; block it and send a new one.",
            "{number} points for {product} were not booked.",
            "Asked what members pay for {product}. Sent the leaflet.",
        ],
        messages: &[
            "New card ordered.",
            "{number} points added by hand.",
            "Application received, waiting for approval.",
        ],
        tags: &["membership", "card", "points"],
    },
    Topic {
        note_type: "Appointment",
        reference: Some(ReferenceType::Reservation),
        subjects: &["Reservation for {number} at {place}", "Move the appointment to {day}", "Fitting of {product}"],
        details: &[
            "Needs a table for {number} in the {time}, one guest in a wheelchair.",
            "Cannot come on {day}. Any {time} of the week after is fine.",
            "Fitting takes about {number} minutes; bring {product}.",
        ],
        messages: &["Moved to {day}.", "Reserved under the family name.", "Cancelled, will get in touch again."],
        tags: &["appointment", "reservation", "rescheduled"],
    },
    Topic {
        note_type: "Feedback",
        reference: None,
        subjects: &["Praise for the team at {place} 🌟", "Idea for {product}", "Feedback after the event of {day}"],
        details: &[
            "Very happy with the advice at {place}. Would recommend us.",
            "Suggests {product} in a smaller pack: {number} instead of a dozen.",
            "Liked the event, found the room too warm.",
        ],
        messages: &["Passed on to the team. 🙏", "Good idea; in the list for the next meeting.", "Thanked by mail."],
        tags: &["feedback", "praise", "idea"],
    },
];

/// Messages that fit any thread, in various languages.
pub const ANYWHERE: &[&str] = &[
    "Merci beaucoup, c’est réglé.",
    "Danke, das hat sich erledigt.",
    "ありがとうございます。{number}日に伺います。",
    "谢谢,问题已经解决了。",
    "شكراً جزيلاً، تم حل المشكلة.",
    "Дякую, все гаразд!",
    "¡Muchas gracias! Quedo a la espera.",
    "Will do. 🙂",
];

pub const PRODUCTS: &[&str] = &[
    "the oak table",
    "the espresso machine",
    "the blue armchair",
    "the gift basket",
    "the city bike",
    "the reading lamp",
    "the fountain pen",
    "the winter coat",
    "the cake for the wedding",
    "the coffee grinder",
    "the garden bench",
    "the desk organiser",
];

pub const PLACES: &[&str] = &[
    "Harbour Street",
    "Königsplatz",
    "the Lyon branch",
    "Plaza Mayor",
    "the warehouse",
    "Kraków",
    "渋谷",
    "the new shop",
];

pub const DAYS: &[&str] = &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub const TIMES: &[&str] = &["morning", "early afternoon", "late afternoon", "evening"];

pub const EXTRA_TAGS: &[&str] = &["vip", "waiting", "Q4", "newsletter", "größe", "再来", "to-check"];

pub const FILES: &[(&str, &str)] = &[
    ("photo.jpg", "image/jpeg"),
    ("invoice.pdf", "application/pdf"),
    ("offer.pdf", "application/pdf"),
    ("Größentabelle.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("voice message.m4a", "audio/mp4"),
];
